"""One fetch for many who ask for the same: the others wait for its answer.

Words. A *slot* is what one stored answer can serve: a key, with the values of the request fields that its answers are
known to depend on (`Store.slot`). A *fetch* of a slot is under way from `begin` to `end`; a *waiter* is a request that
joined it.

Rules. When a fetch ends, everybody who waited looks again at what is stored. Who finds nothing there may begin a fetch
or join one that another of them has just begun: a fetcher whose client leaves is followed by one, not by all of them.
Nobody waits for longer than PATIENCE, however many fetches that were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge.gateway.caching.store import Slot

PATIENCE = 5.0
"""Seconds to wait for other requests' answers."""


class Fetches:
    """Those under way, with who waits for each, in order."""

    def __init__(self) -> None:
        self._waiting: dict[Slot, dict[Waiter, None]] = {}

    def __repr__(self) -> str:
        return f"<Fetches {len(self._waiting)} waiting={sum(map(len, self._waiting.values()))}>"

    def __contains__(self, slot: Slot) -> bool:
        return slot in self._waiting

    def begin(self, slot: Slot) -> None:
        """There is none of this slot yet."""
        self._waiting[slot] = {}

    def join(self, slot: Slot, waiter: Waiter) -> None:
        """Wait for the one under way."""
        waiter.slot = slot
        self._waiting[slot][waiter] = None

    def leave(self, waiter: Waiter) -> None:
        """Wait no more."""
        if waiter.slot is not None:
            self._waiting[waiter.slot].pop(waiter, None)
            waiter.slot = None

    def end(self, slot: Slot) -> None:
        """It is known what came of it, or nothing will."""
        waiters = self._waiting.pop(slot)
        for waiter in waiters:
            waiter.slot = None
        for waiter in waiters:
            waiter.look_again()


class Waiter:
    """`look_again` is called, in the loop, when a fetch ended that it joined, and once when its patience is over: then
    `patient` is False. `slot` is what it waits for."""

    __slots__ = ("_fetches", "_look_again", "_timer", "patient", "slot")

    def __init__(self, fetches: Fetches, loop: asyncio.AbstractEventLoop, look_again: Callable[[Waiter], None]) -> None:
        self.slot: Slot | None = None
        self.patient = True
        self._fetches = fetches
        self._look_again = look_again
        self._timer = loop.call_later(PATIENCE, self._give_up)

    def look_again(self) -> None:
        """A fetch has ended."""
        self._look_again(self)

    def _give_up(self) -> None:
        self.patient = False
        self._fetches.leave(self)
        self._look_again(self)

    def done(self) -> None:
        """It has what it waited for, or will not come back."""
        self._timer.cancel()
