"""What gateway servers say of a release: reports in, sync views out. Pure.

A server's own word decides; that something was sent to it counts for nothing. The states, first that fits:

    offline   it has no connection; `version` is what it served last
    applied   it serves this release, or a later one of this application
    refused   it could not take the application, and said why
    waiting   it was told, and lacks documents or endpoints, which it names
    behind    it serves an older release (by so many), or none yet

A version counts only together with its hash: after a restored backup a server may serve a version of the same number
that this database has never seen, and that is not this release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from edge.admin.views import ServerSync, Sync, SyncState
from edge.model.manifest import ManifestEntry
from edge.model.revision import Revision
from edge.wire.messages import Report


class ServerFacts(msgspec.Struct, frozen=True):
    """What is known of one server: whether it is connected, its last report, and since when it says what it says of
    this application."""

    id: str
    name: str
    online: bool
    since: datetime
    report: Report | None


def release_sync(application: str, version: int, hashes: Mapping[int, str], servers: Iterable[ServerFacts]) -> Sync:
    """The sync of one release; `hashes` are the application's releases, version to hash."""
    views = [server_sync(application, version, hashes, server) for server in servers]
    applied = sum(view.state == "applied" for view in views)
    complete = all(view.state in ("applied", "offline") for view in views)
    return Sync(complete=complete, total=len(views), applied=applied, servers=views)


def server_sync(application: str, version: int, hashes: Mapping[int, str], server: ServerFacts) -> ServerSync:
    """One server's line."""
    served = _served(server.report, application)
    known = served is not None and hashes.get(served.version) == served.hash
    state, reason = _state(server, application, version, served.version if served and known else 0)
    behind = None
    if state in ("behind", "waiting", "refused"):
        behind = version - (served.version if served is not None and known and served.version < version else 0)
    return ServerSync(
        id=server.id,
        name=server.name,
        state=state,
        version=served.version if served is not None else None,
        since=server.since,
        behind=behind,
        reason=reason,
    )


def _served(report: Report | None, application: str) -> ManifestEntry | None:
    if report is None:
        return None
    return next((entry for entry in report.applications if entry.application == application), None)


def _state(server: ServerFacts, application: str, version: int, served: int) -> tuple[SyncState, str | None]:
    if not server.online:
        return "offline", None
    if served >= version:
        return "applied", None
    if server.report is None:
        return "behind", None
    if application in server.report.refused:
        return "refused", server.report.refused[application]
    if server.report.missing:
        return "waiting", missing_text(server.report.missing)
    return "behind", None


def missing_text(missing: tuple[str, ...]) -> str:
    """What a waiting server lacks, for people: at most three names."""
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return f"waits for {', '.join(missing[:3])}{more}"


def server_state(online: bool, report: Report | None, current: Revision) -> SyncState:
    """A server's state as a whole: how it stands to its partition's current manifest."""
    if not online:
        return "offline"
    if report is None:
        return "behind"
    if report.missing:
        return "waiting"
    if report.refused:
        return "refused"
    return "applied" if report.manifest >= current else "behind"
