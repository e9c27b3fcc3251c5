"""The one increasing integer that an upstream shows for the state of its endpoints.

It is the newest revision of the upstream's sources, at least the beginning of this Admin's life, and moved up when the
upstream's sources are exchanged for others whose revisions are older. So it rises with every change of endpoints, with
every exchange of sources and with every start of an Admin, and never falls.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.model.revision import Revision
from edge.model.upstream import Upstream


class UpstreamRevisions:
    """What each upstream showed last in this life of the Admin."""

    def __init__(self, generation: int) -> None:
        self._first = int(Revision(generation, 0))
        self._shown: dict[str, tuple[object, int]] = {}  # id → where it leads, the revision shown
        self._lift: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<UpstreamRevisions of {len(self._shown)} upstreams>"

    def of(self, upstream: Upstream, revisions: Iterable[Revision]) -> int:
        """What `upstream`, whose sources have these revisions, shows now."""
        leads_to = (upstream.sources, upstream.servers)
        revision = self.lifted(upstream.id, max(map(int, revisions), default=0))
        before, shown = self._shown.get(upstream.id, (leads_to, 0))
        if before != leads_to and revision <= shown:
            self._lift[upstream.id] = self._lift.get(upstream.id, 0) + shown + 1 - revision
            revision = shown + 1
        self._shown[upstream.id] = (leads_to, max(revision, shown))
        return max(revision, shown)

    def lifted(self, id: str, revision: int) -> int:
        """A source's revision as the upstream `id` shows it."""
        return max(revision, self._first) + self._lift.get(id, 0)

    def forget(self, id: str) -> None:
        """The upstream was deleted; its id is never used again."""
        self._shown.pop(id, None)
        self._lift.pop(id, None)
