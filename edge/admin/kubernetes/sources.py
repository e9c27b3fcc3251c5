"""What is known of each source: its newest endpoints, their revision, and whether they are current.

Rules. A revision is given only when endpoints change, or when they are first read in this life of the Admin: until
then the restored state keeps its stored revision, so that it can never replace what a gateway has from later. What was
once known is kept, whatever happens to the cluster, and marked stale with since when and why. Never read and never
restored is not the same as empty.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from edge import clock
from edge.kube.endpoints import Reading
from edge.kube.follower import Trouble
from edge.model.endpoint import Endpoint
from edge.model.revision import NOTHING, Revision
from edge.model.source import Source, SourceState


class SourceView(msgspec.Struct, frozen=True):
    """A source as people see it. `revision` is NOTHING (0.0) until something is known; `stale_since` is set while the
    endpoints are the last known ones only, and the first warning then says why."""

    endpoints: tuple[Endpoint, ...] = ()
    revision: Revision = NOTHING
    stale_since: datetime | None = None
    warnings: tuple[str, ...] = ()


class Entry:
    """What is known of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.held: SourceState | None = None
        self.current = False  # read by the follower of now, which may since have lost the cluster
        self.stale_since: datetime | None = None
        self.why = ""
        self.warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        revision = self.held.revision if self.held is not None else NOTHING
        return f"<Entry {self.source.key} {revision}{' stale' if self.stale_since else ''}>"

    def restore(self, state: SourceState, stale_since: datetime | None) -> None:
        """Take over what an earlier life of the Admin knew, unless this one knows more."""
        if self.held is None or self.held.revision < state.revision:
            self.held = state
            self.stale_since = stale_since or clock.now()
            self.why = "not read since the Admin started"

    def leave(self) -> None:
        """It is wanted no more: should it be again, what is known is of now and has to be read anew."""
        self.current = False
        self.lost(None, "it was not followed for a while")

    def read(self, reading: Reading, generation: int, number: int) -> SourceState | None:
        """Take in endpoints just computed; answers the state to publish, if any."""
        self.current = True
        self.warnings = reading.warnings
        held = self.held
        if held is not None and held.revision.generation >= generation and held.endpoints == reading.endpoints:
            return None
        self.held = SourceState(self.source, Revision(generation, number), reading.endpoints)
        return self.held

    def lost(self, since: datetime | None, why: str) -> None:
        """Its cluster cannot be read; `since` is when it was last known to be current, None for unknown."""
        if self.stale_since is None:
            self.stale_since = since or clock.now()
        self.why = why

    def found(self) -> None:
        """It is current again."""
        self.stale_since = None
        self.why = ""

    def judge(self, trouble: Trouble | None) -> None:
        """Mark it lost or found, by what its cluster's follower knows of it now."""
        if trouble is not None:
            self.lost(trouble.since if self.current else None, trouble.message)
        elif self.current:
            self.found()

    @property
    def condition(self) -> tuple[object, ...]:
        """What a listener of changes, other than of endpoints, has to be told of."""
        return self.stale_since, self.why, self.warnings

    def view(self) -> SourceView:
        """The source as people see it."""
        if self.held is None:
            return SourceView(warnings=(f"Not read yet: {self.why or 'its cluster is being read'}.", *self.warnings))
        if self.stale_since is None:
            return SourceView(self.held.endpoints, self.held.revision, None, self.warnings)
        stale = f"These are the last known endpoints, of {clock.rfc3339(self.stale_since)}: {self.why}."
        return SourceView(self.held.endpoints, self.held.revision, self.stale_since, (stale, *self.warnings))
