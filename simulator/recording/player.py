"""Plays a recording back: the same objects, the same resource versions, each event when it is due.

It takes the place of a `Machine`: no controller works, no pod serves. Lists of one recording were made one after the
other, so what had happened by the newest of them is there from the start; everything later comes at its time, in the
order of the revisions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from simulator.controllers.queue import Gate
from simulator.extensions.rows import rows_of
from simulator.kinds.table import RESOURCES, Table
from simulator.objects.resource import Resource
from simulator.recording.format import Happened, Kind, Object, Recording
from simulator.store.store import Store

READS = ("get", "list", "watch")
DEFINITIONS = "customresourcedefinitions"


def table_of(recording: Recording) -> Table:
    """Every resource of the recording: Kubernetes' own, its custom ones, and those that only have names."""
    table = RESOURCES.extended(row for definition in _definitions(recording) for row in rows_of(definition))
    bare = [_bare(kind) for kind in recording.kinds.values() if _row(table, kind) is None]
    return table.extended(bare)


def _definitions(recording: Recording) -> Iterable[Object]:
    for kind in recording.kinds.values():
        if kind.plural == DEFINITIONS and kind.key in recording.lists:
            for item in recording.lists[kind.key].items:
                yield {**item, "apiVersion": kind.api_version, "kind": kind.kind}


def _row(table: Table, kind: Kind) -> Resource | None:
    return table.at(kind.group, kind.version, kind.plural)


def _bare(kind: Kind) -> Resource:
    return Resource(
        kind.group, kind.version, kind.kind, kind.plural, kind.singular or kind.kind.lower(), kind.namespaced,
        short_names=kind.short_names, verbs=READS,
    )  # fmt: skip


class Player:
    """`speed` 2 plays twice as fast."""

    def __init__(self, recording: Recording, table: Table, store: Store, speed: float) -> None:
        self.gate = Gate()
        self._recording = recording
        self._store = store
        self._speed = speed
        self._loop = asyncio.get_running_loop()
        self._rows = {key: _row(table, kind) for key, kind in recording.kinds.items()}
        self._timer: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._base = 0.0
        self._next = 0
        self._due: list[tuple[float, Happened]] = []

    def start(self) -> None:
        """The lists now, the events as they come."""
        lists = self._recording.lists.values()
        newest = max((listed.revision for listed in lists), default=1)
        for listed in lists:
            for item in listed.items:
                self._take("ADDED", listed.of, item, quiet=True)
        for event in self._recording.events:
            if event.revision <= newest and event.revision > self._recording.lists[event.of].revision:
                self._take(event.type, event.of, event.object, quiet=True)
        self._store.revision = self._store.compacted = newest
        self._store.compact(newest)
        moment = self._base = max((listed.at for listed in lists), default=self._recording.at)
        for event in self._recording.events:
            if event.revision > newest:
                moment = max(moment, event.at)
                self._due.append((moment - self._base, event))
        self._began = self._loop.time()
        self._go_on()

    def resume(self) -> None:
        """After a roll-back: what comes next comes, nothing is played twice."""

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def state(self) -> dict[str, Any]:
        """How far it is."""
        counts = {row.key: self._store.count(row) for row in self._rows.values() if row is not None}
        played = {"events": self._next, "of": len(self._due), "speed": self._speed}
        return {"objects": {key: count for key, count in sorted(counts.items()) if count}, "pods": [], "replay": played}

    def _go_on(self) -> None:
        passed = (self._loop.time() - self._began) * self._speed + 1e-6
        while self._next < len(self._due) and self._due[self._next][0] <= passed:
            event = self._due[self._next][1]
            self._next += 1
            self._take(event.type, event.of, event.object, quiet=event.of.endswith(f"/{DEFINITIONS}"))
        self._timer = None
        if self._next < len(self._due):
            wait = (self._due[self._next][0] - passed) / self._speed
            self._timer = self._loop.call_later(max(wait, 0.0), self._go_on)

    def _take(self, type: str, of: str, obj: Object, *, quiet: bool) -> None:
        row = self._rows[of]
        assert row is not None
        taken = {**obj, "metadata": dict(obj["metadata"])}
        self._store.take(type, row, taken, int(obj["metadata"]["resourceVersion"]), quiet=quiet)
