"""What happened, for whoever watches: numbered events kept in a ring, so that a watcher can resume.

A watcher holds no queue, only the number of the last event it has seen: a slow one costs nothing and cannot block. A
watcher whose next event has left the ring (or that resumes from before the Admin started) is told `reset` and must
read again what it shows. Numbers rise over restarts because they begin with the Admin's generation.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Literal, TypeAlias

import msgspec

from edge.model.revision import Revision

EventKind: TypeAlias = Literal[
    "application", "upstream", "kubernetes-cluster", "gateway-server", "endpoint-health", "release", "reset"
]

KEPT = 4096


class Event(msgspec.Struct, frozen=True):
    """`number` is the event's id on the stream; `id` names the application (its draft changed, it
    came or went), upstream, Kubernetes cluster, gateway server (also for `endpoint-health`: it finds other endpoints
    unhealthy than before), or for `release` the application; `revision`
    rises with the thing's state (a release's is its version)."""

    number: int
    kind: EventKind
    id: str
    revision: int


class Events:
    """The event bus of one Admin."""

    def __init__(self, generation: int, kept: int = KEPT) -> None:
        self._first = int(Revision(generation, 0))
        self._last = self._first
        self._ring: deque[Event] = deque(maxlen=kept)
        self._news = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Events last={self._last} kept={len(self._ring)}>"

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._last

    def publish(self, kind: EventKind, id: str, revision: int | None = None) -> None:
        """Tell every watcher; without a revision the event's own number is it."""
        self._last += 1
        self._ring.append(Event(self._last, kind, id, self._last if revision is None else revision))
        self._news.set()
        self._news = asyncio.Event()

    async def watch(self, after: int | None = None) -> AsyncIterator[Event]:
        """Every event later than number `after` (a Last-Event-ID; None: from now on), without end."""
        seen = self._last if after is None else after
        while True:
            news = self._news
            oldest = self._ring[0].number if self._ring else self._last + 1
            if seen + 1 < oldest or seen > self._last:
                seen = self._last
                yield Event(self._last, "reset", "", self._last)
                continue
            if seen == self._last:
                await news.wait()
                continue
            event = self._ring[seen + 1 - oldest]
            seen = event.number
            yield event
