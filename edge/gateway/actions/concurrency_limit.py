"""The gate that lets only so many requests of each key be in hand at once.

A request is in hand from this gate until its answer is whole or its client has gone, a WebSocket until it ends. Only
keys with requests in hand are known, so there is nothing to forget. As with rates, each worker takes its share of the
limit, and of the queue.

Waiting. With a queue, some requests wait for a place, first come, first served. A place that is given back goes to the
first of them at once, so that no newcomer gets it; it goes on in the loop's next turn, because its own end may give the
place to the next one, and a whole queue would pass within one call. Nobody waits for longer than PATIENCE.
"""

from __future__ import annotations

from asyncio import Handle
from collections import deque
from math import ceil

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.gateway.limiting.keys import compile_key
from edge.model.actions import LimitConcurrency
from edge.rules.decision import Answer
from edge.rules.limits import DELAY

PATIENCE = DELAY
"""Seconds to wait for a place."""


class ConcurrencyLimit:
    """The gate."""

    def __init__(self, action: LimitConcurrency, workers: int) -> None:
        """Raises TemplateError, a ValueError."""
        self._limit = ceil(action.limit / workers)
        self._queue = ceil(action.queue / workers)
        self._key = compile_key(action.key)
        self._in_hand: dict[int, int] = {}
        self._waiting: dict[int, deque[_Waiter]] = {}
        self._refusal = Answer(action.status, b"too many requests at once\n", b"text/plain")

    def __repr__(self) -> str:
        in_hand, waiting = sum(self._in_hand.values()), sum(map(len, self._waiting.values()))
        return f"<ConcurrencyLimit {self._limit} in_hand={in_hand} waiting={waiting}>"

    def enter(self, passage: Passage) -> Verdict | Answer:
        key = self._key(passage.request)
        count = self._in_hand.get(key, 0)
        if count < self._limit:
            self._in_hand[key] = count + 1
            passage.at_end(lambda: self.give_back(key))
            return PASS
        waiting = self._waiting.get(key, ())
        if len(waiting) < self._queue:
            passage.path.counters.limit(passage.application, "delayed")
            return self._wait(passage, key)
        return self.refusal(passage)

    def refusal(self, passage: Passage) -> Answer:
        """No place, and none to wait for."""
        passage.path.counters.limit(passage.application, "concurrency")
        return self._refusal

    def _wait(self, passage: Passage, key: int) -> Verdict:
        waiter = _Waiter(self, passage, key)
        self._waiting.setdefault(key, deque()).append(waiter)
        return passage.hold(waiter.leave)

    def give_back(self, key: int) -> None:
        """One place of the key is free."""
        waiting = self._waiting.get(key)
        if waiting:
            waiter = waiting.popleft()
            if not waiting:
                del self._waiting[key]
            waiter.take_place()
            return
        left = self._in_hand[key] - 1
        if left:
            self._in_hand[key] = left
        else:
            del self._in_hand[key]

    def leave(self, waiter: _Waiter) -> None:
        """It waits no more."""
        waiting = self._waiting[waiter.key]
        waiting.remove(waiter)
        if not waiting:
            del self._waiting[waiter.key]


class _Waiter:
    """A request that waits for a place, or that has one and goes on in the loop's next turn."""

    __slots__ = ("_handle", "_has_place", "_limit", "_passage", "key")

    def __init__(self, limit: ConcurrencyLimit, passage: Passage, key: int) -> None:
        self._limit = limit
        self._passage = passage
        self.key = key
        self._has_place = False
        self._handle: Handle = passage.path.loop.call_later(PATIENCE, self._give_up)

    def take_place(self) -> None:
        self._handle.cancel()
        self._has_place = True
        self._handle = self._passage.path.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._passage.at_end(lambda: self._limit.give_back(self.key))
        self._passage.go_on()

    def _give_up(self) -> None:
        self._limit.leave(self)
        self._passage.refuse(self._limit.refusal(self._passage))

    def leave(self) -> None:
        """The request is over."""
        self._handle.cancel()
        if self._has_place:
            self._limit.give_back(self.key)
        else:
            self._limit.leave(self)
