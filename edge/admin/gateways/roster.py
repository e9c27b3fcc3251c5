"""The roster: what is known now of every gateway server, in memory. Facts about releases are read from here, so that
showing progress costs no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from edge.admin.gateways.findings import Word
from edge.admin.releases.sync import ServerFacts
from edge.model.manifest import ManifestEntry
from edge.wire.channel import Channel
from edge.wire.messages import Report


class Live(msgspec.Struct):
    """One server. `since` is when it came or went; `spoken` says, for each application, when its word on it (version
    served, refusal, what is missing) last changed; `word` is what it says of endpoints since it came."""

    id: str
    name: str
    cluster: str
    partition: str
    since: datetime
    channel: Channel | None = None
    report: Report | None = None
    word: Word | None = None
    spoken: dict[str, datetime] = {}

    @property
    def online(self) -> bool:
        return self.channel is not None


class Roster:
    """Every gateway server by id, in the order in which they joined."""

    def __init__(self) -> None:
        self._servers: dict[str, Live] = {}

    def __repr__(self) -> str:
        return (
            f"<Roster {len(self._servers)} servers, {sum(server.online for server in self._servers.values())} online>"
        )

    def __iter__(self) -> Iterator[Live]:
        return iter(self._servers.values())

    def add(self, server: Live) -> None:
        self._servers[server.id] = server

    def get(self, id: str) -> Live | None:
        return self._servers.get(id)

    def remove(self, id: str) -> Live | None:
        return self._servers.pop(id, None)

    def facts(self, application: str, partitions: Sequence[str]) -> list[ServerFacts]:
        """What the servers of these partitions say of an application."""
        return [
            ServerFacts(
                id=server.id,
                name=server.name,
                online=server.online,
                since=server.spoken.get(application, server.since) if server.online else server.since,
                report=server.report,
            )
            for server in self
            if server.partition in partitions
        ]


def note(server: Live, report: Report, at: datetime) -> list[ManifestEntry]:
    """Take in a server's report; the entries of applications on which its word changed (version 0: serves none)."""
    before, server.report = server.report, report
    old, new = _words(before), _words(report)
    changed = [application for application in {**old, **new} if old.get(application) != new.get(application)]
    entries = {entry.application: entry for entry in report.applications}
    if before is None or bool(before.missing) != bool(report.missing):
        changed = list(dict.fromkeys([*changed, *entries]))
    server.spoken = dict.fromkeys(changed, at) | {
        application: moment for application, moment in server.spoken.items() if application not in changed
    }
    return [entries.get(application, ManifestEntry(application, "", 0, "")) for application in changed]


def _words(report: Report | None) -> Mapping[str, tuple[int, str, str | None]]:
    if report is None:
        return {}
    words: dict[str, tuple[int, str, str | None]] = {
        entry.application: (entry.version, entry.hash, report.refused.get(entry.application))
        for entry in report.applications
    }
    for application, reason in report.refused.items():
        words.setdefault(application, (0, "", reason))
    return words
