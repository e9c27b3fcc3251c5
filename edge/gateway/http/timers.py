"""Deadlines of many connections on one timer, armed only for the next one.

Words: a *holder* has at most one deadline at a time; the wheel keeps it in the *slot* of some tick not after it.

A deadline that moves later, which is what every request does, is one attribute written: the holder stays where it is,
and is put on when its slot comes up. So a request costs no timer object, and a connection one insertion per timeout. A
holder that is done must be removed (`remove`), or it would live until its slot comes up.
"""

from __future__ import annotations

import asyncio
import heapq
from typing import Final, Protocol

NEVER: Final = float("inf")


class Holder(Protocol):
    """What the wheel keeps. `deadline` is in the loop's time; `slot` belongs to the wheel and starts at 0."""

    __slots__ = ("deadline", "slot")

    deadline: float
    slot: int

    def deadline_passed(self) -> None:
        """The deadline has passed; it has been set to NEVER before."""


class DeadlineWheel:
    """Deadlines rounded up to `resolution` seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, resolution: float = 0.05) -> None:
        self._loop = loop
        self._resolution = resolution
        self._slots: dict[int, dict[Holder, None]] = {}
        self._order: list[int] = []
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0

    def __repr__(self) -> str:
        return f"<DeadlineWheel holders={len(self)} armed={self._timer is not None}>"

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))

    def set(self, holder: Holder, deadline: float) -> None:
        """Call `holder.deadline_passed()` once `deadline` has passed, unless it is set anew before."""
        holder.deadline = deadline
        if deadline == NEVER:
            return
        slot = int(deadline / self._resolution) + 1
        if 0 < holder.slot <= slot:
            return
        if holder.slot:
            del self._slots[holder.slot][holder]
        self._insert(holder, slot)

    def remove(self, holder: Holder) -> None:
        """Forget the holder at once."""
        holder.deadline = NEVER
        if holder.slot:
            del self._slots[holder.slot][holder]
            holder.slot = 0

    def close(self) -> None:
        """Forget every holder."""
        for holders in self._slots.values():
            for holder in holders:
                holder.slot = 0
        self._slots.clear()
        self._order.clear()
        self._arm()

    def _insert(self, holder: Holder, slot: int) -> None:
        holder.slot = slot
        holders = self._slots.get(slot)
        if holders is None:
            self._slots[slot] = {holder: None}
            heapq.heappush(self._order, slot)
            if self._order[0] == slot:
                self._arm()
        else:
            holders[holder] = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._order:
            self._timer = self._loop.call_at(self._order[0] * self._resolution, self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._loop.time()
        current = int(now / self._resolution + 1e-6)
        while self._order and self._order[0] <= current:
            holders = self._slots.pop(heapq.heappop(self._order))
            passed: list[Holder] = []
            for holder in holders:
                holder.slot = 0
                if holder.deadline <= now:
                    passed.append(holder)
                elif holder.deadline != NEVER:
                    self._insert(holder, max(current, int(holder.deadline / self._resolution)) + 1)
            for holder in passed:
                if holder.deadline <= now:  # one of the others may have ended it
                    holder.deadline = NEVER
                    holder.deadline_passed()
        self._arm()
