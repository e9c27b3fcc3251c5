"""Work queues: what changed is a key; a key is worked on once, however often it was added.

Rules, as in client-go's util/workqueue: a key added while it waits is not added twice; a key whose work failed comes
back after 5 ms, doubled each time up to 1,000 s; work happens later, never inside the write that caused it. All queues
of one simulator hang on one `Gate`, which stops them while the API server is stopped.

Work on a large object takes a real controller long, and what changes meanwhile is one more round for it, not many. Here
work takes no time of the clock, so a controller says how long it would have (`rest`), and the key waits that long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from simulator.errors import ApiError

log = structlog.get_logger("simulator.controllers")

FIRST_RETRY = 0.005
LAST_RETRY = 1000.0
SMALL = 200
ITEM = 25e-6
"""Seconds that a real controller works for each item (a pod of a set); for up to `SMALL` of them it is nothing."""


class Gate:
    """Open while controllers may work; closing it keeps what is queued."""

    def __init__(self) -> None:
        self.open = True
        self._waiting: list[Callable[[], None]] = []

    def on_open(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the gate opens again."""
        self._waiting.append(callback)

    def close(self) -> None:
        self.open = False

    def reopen(self) -> None:
        self.open = True
        for callback in self._waiting:
            callback()


class Queue:
    """Keys to work on. `work(key)` is synchronous and may raise; it then comes back later."""

    def __init__(self, name: str, work: Callable[[str], None], gate: Gate) -> None:
        self.name = name
        self._work = work
        self._gate = gate
        self._loop = asyncio.get_running_loop()
        self._keys: dict[str, None] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._scheduled = False
        self._stopped = False
        gate.on_open(self._schedule)

    def __repr__(self) -> str:
        return f"<Queue {self.name} {list(self._keys)}>"

    def add(self, key: str) -> None:
        """Work on `key` as soon as what runs now has ended, and the key has rested."""
        if key in self._resting:
            left = self._resting[key] - self._loop.time()
            if left > 0:
                self.add_after(key, left)
                return
            del self._resting[key]
        self._keys[key] = None
        self._schedule()

    def add_after(self, key: str, delay: float) -> None:
        """Work on `key` after `delay` seconds, or earlier if somebody asks earlier."""
        known = self._timers.get(key)
        if known is not None:
            if known.when() <= self._loop.time() + delay:
                return
            known.cancel()
        self._timers[key] = self._loop.call_later(delay, self._due, key)

    def rest(self, key: str, items: int) -> None:
        """`key` was worked on, which concerned so many `items`: it is not worked on again before that had been done."""
        if items > SMALL:
            self._resting[key] = self._loop.time() + items * ITEM

    def stop(self) -> None:
        """Forget everything; nothing is worked on afterwards."""
        self._stopped = True
        self._keys.clear()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _due(self, key: str) -> None:
        self._timers.pop(key, None)
        self._resting.pop(key, None)
        self.add(key)

    def _schedule(self) -> None:
        if self._keys and not self._scheduled and not self._stopped:
            self._scheduled = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        self._scheduled = False
        if not self._gate.open or self._stopped:
            return
        keys, self._keys = self._keys, {}
        for key in keys:
            self._try(key)

    def _try(self, key: str) -> None:
        try:
            self._work(key)
        except Exception as error:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            delay = min(FIRST_RETRY * 2 ** (failures - 1), LAST_RETRY)
            if not isinstance(error, ApiError):
                log.error("controller failed", controller=self.name, key=key, retry_in=delay, exc_info=error)
            self.add_after(key, delay)
        else:
            self._failures.pop(key, None)
