"""The gate that lets only so many requests of each key be in hand at once.

A request is in hand from this gate until its answer is whole or its client has gone, a WebSocket until it ends. Only
keys with requests in hand are known, so there is nothing to forget. As with rates, each worker takes its share of the
limit.
"""

from __future__ import annotations

from math import ceil

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.gateway.limiting.keys import compile_key
from edge.model.actions import LimitConcurrency
from edge.rules.decision import Answer


class ConcurrencyLimit:
    """The gate."""

    def __init__(self, action: LimitConcurrency, workers: int) -> None:
        """Raises TemplateError, a ValueError."""
        self._limit = ceil(action.limit / workers)
        self._key = compile_key(action.key)
        self._in_hand: dict[int, int] = {}
        self._refusal = Answer(action.status, b"too many requests at once\n", b"text/plain")

    def __repr__(self) -> str:
        return f"<ConcurrencyLimit {self._limit} in_hand={sum(self._in_hand.values())}>"

    def enter(self, passage: Passage) -> Verdict | Answer:
        key = self._key(passage.request)
        count = self._in_hand.get(key, 0)
        if count >= self._limit:
            passage.path.counters.limit(passage.application, "concurrency")
            return self._refusal
        self._in_hand[key] = count + 1
        passage.at_end(lambda: self._give_back(key))
        return PASS

    def _give_back(self, key: int) -> None:
        left = self._in_hand[key] - 1
        if left:
            self._in_hand[key] = left
        else:
            del self._in_hand[key]
