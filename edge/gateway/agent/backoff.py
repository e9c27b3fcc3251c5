"""How long to wait before the next attempt: quick at first, growing, never longer than a limit, jittered."""

from __future__ import annotations

import random

FACTOR = 1.5
QUICK = 0.4
"""Seconds between the attempts that are quick."""


class Backoff:
    """Seconds. `next` answers between half and all of `first`, then of `FACTOR` times that, and so on up to `limit`:
    many that lost the same peer at once do not come back at once. The first `quick` attempts are never further apart
    than QUICK: a peer that restarts is asked again a moment after it is back."""

    def __init__(self, randomness: random.Random, first: float = 0.1, limit: float = 5.0, quick: int = 0) -> None:
        self._random = randomness
        self._first = first
        self._limit = limit
        self._quick = quick
        self._step = first
        self._count = 0

    def __repr__(self) -> str:
        return f"<Backoff up to {self._step:.2f} s>"

    def next(self) -> float:
        """Wait this long now."""
        step, self._step = self._step, min(self._step * FACTOR, self._limit)
        self._count += 1
        if self._count <= self._quick:
            self._step = min(self._step, QUICK)
        return step * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It worked: start again with the shortest."""
        self._step = self._first
        self._count = 0
