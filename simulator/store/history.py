"""The history of one kind, and watches: positions in it that hold no queue of their own."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from simulator.errors import Expired
from simulator.objects.record import Event, Frames, Record, Selector, WatchEvent

WINDOW = timedelta(minutes=5)
"""How long history is kept: etcd's default compaction interval."""
CAPACITY = 100_000
"""Events kept of one kind; beyond it the oldest half is dropped."""


class History:
    """The events of one kind, in order. ``first`` is the absolute index of ``events[0]``."""

    __slots__ = ("events", "first", "frames", "oldest", "revisions", "waiting")

    def __init__(self, oldest: int) -> None:
        self.events: list[Event] = []
        self.revisions: list[int] = []
        self.frames = Frames()
        self.first = 0
        self.oldest = oldest
        """The lowest revision that a watch may still start from."""
        self.waiting: list[asyncio.Future[None]] = []

    def append(self, event: Event) -> None:
        self.events.append(event)
        self.revisions.append(event.revision)

    def drop(self, count: int, oldest: int) -> None:
        del self.events[:count]
        del self.revisions[:count]
        self.first += count
        self.oldest = max(self.oldest, oldest)

    def trim(self, now: datetime) -> None:
        """Forget what is too old or too much."""
        events = self.events
        if len(events) > CAPACITY:
            half = CAPACITY // 2
            self.drop(half, events[half - 1].revision)
        elif now - events[0].at > 2 * WINDOW:
            # Half the window late, so that the list is cut seldom and in large pieces.
            old = next(index for index, event in enumerate(events) if now - event.at <= WINDOW)
            self.drop(old, events[old - 1].revision)

    def index_after(self, revision: int) -> int:
        return self.first + bisect_right(self.revisions, revision)

    def wake(self) -> None:
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class Kind:
    """All objects of one kind: records by key (``namespace/name``), their sorted keys, their history."""

    __slots__ = ("_sorted", "history", "records")

    def __init__(self, oldest: int) -> None:
        self.records: dict[str, Record] = {}
        self.history = History(oldest)
        self._sorted: list[str] | None = None

    def put(self, record: Record) -> None:
        if record.key not in self.records:
            self._sorted = None
        self.records[record.key] = record

    def remove(self, key: str) -> None:
        del self.records[key]
        self._sorted = None

    def undone(self, revision: int, compacted: int) -> dict[str, Record | None]:
        """Key → record as of ``revision``, for the keys that changed since. Raises ``Expired``."""
        history = self.history
        if revision < max(compacted, history.oldest):
            raise expired(revision, max(compacted, history.oldest))
        undone: dict[str, Record | None] = {}
        for event in reversed(history.events[history.index_after(revision) - history.first :]):
            undone[event.record.key] = event.previous
        return undone

    def roll_back(self, revision: int, undone: dict[str, Record | None]) -> None:
        """Take back what was written after ``revision``; ``undone`` is what was there then."""
        for key, record in undone.items():
            if record is not None:
                self.put(record)
            elif key in self.records:
                self.remove(key)
        history = self.history
        kept = history.index_after(revision) - history.first
        del history.events[kept:], history.revisions[kept:]
        history.frames = Frames()  # revisions will be given out again

    def sorted_keys(self) -> list[str]:
        if self._sorted is None:
            self._sorted = sorted(self.records)
        return self._sorted


class Watch(AsyncIterator[WatchEvent]):
    """Changes after a position in the history, as one selector sees them.

    ``initial`` are the records that existed when the watch began (only when it was asked to start from the current
    state); iterating yields them first, as ADDED. ``batch`` answers everything that is ready at once.
    """

    def __init__(
        self,
        revision: Callable[[], int],
        kind: Kind,
        start: int,
        initial: Sequence[Record],
        namespace: str | None,
        selector: Selector | None,
    ) -> None:
        self.initial = list(initial)
        self.revision = revision()
        """The revision up to which this watch has seen everything."""
        self._now = revision
        self._kind = kind
        self._position = start
        self._namespace = namespace
        self._selector = selector
        self._ready: list[WatchEvent] = [WatchEvent("ADDED", record, kind.history.frames) for record in initial]
        self._closed = False

    def ready(self) -> list[WatchEvent]:
        """Everything that happened since the last call; may be empty. Raises ``Expired``."""
        out, self._ready = self._ready, []
        history = self._kind.history
        if self._position < history.first:
            raise expired(self.revision, history.oldest)
        events = history.events
        index = self._position - history.first
        while index < len(events):
            seen = self._see(events[index])
            if seen is not None:
                out.append(seen)
            index += 1
        self._position = history.first + len(events)
        self.revision = self._now()
        return out

    async def batch(self) -> list[WatchEvent]:
        """Everything that is ready, waiting for at least one event; empty when the watch was closed."""
        while not self._closed:
            found = self.ready()
            if found:
                return found
            await self.changed()
        return []

    async def changed(self) -> None:
        """Wait until something was written to this kind (or the watch was closed)."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._kind.history.waiting.append(future)
        await future

    @property
    def behind(self) -> bool:
        """Whether ``ready`` has something to look at."""
        history = self._kind.history
        return self._position < history.first + len(history.events) or self._position < history.first

    def wake(self) -> None:
        """Let whoever waits in ``changed`` look again (so it does for all watches of this kind)."""
        self._kind.history.wake()

    def close(self) -> None:
        self._closed = True
        self._kind.history.wake()

    @property
    def closed(self) -> bool:
        return self._closed

    async def __anext__(self) -> WatchEvent:
        if not self._ready:
            self._ready = await self.batch()
        if not self._ready:
            raise StopAsyncIteration
        return self._ready.pop(0)

    def _see(self, event: Event) -> WatchEvent | None:
        record = event.record
        if self._namespace is not None and record.namespace != self._namespace:
            return None
        selector, frames = self._selector, self._kind.history.frames
        if selector is None:
            return WatchEvent(event.type, record, frames)
        before = event.previous is not None and selector.matches(event.previous)
        after = event.type != "DELETED" and selector.matches(record)
        if after:
            return WatchEvent("MODIFIED" if before else "ADDED", record, frames)
        if before:
            return WatchEvent("DELETED", record if event.type == "DELETED" else event.gone(), frames)
        return None


def expired(revision: int, oldest: int) -> Expired:
    return Expired(f"too old resource version: {revision} ({oldest})")
