"""Growing pauses with jitter, so that many readers of a broken server do not come back together."""

from __future__ import annotations

from random import Random


class Backoff:
    """Pauses of `base` seconds, doubled each time up to `cap`, each shortened at random by up to half.

    With `first_free` the first pause after a reset is none: one disturbance is not worth waiting for.
    """

    def __init__(self, random: Random, base: float, cap: float, *, first_free: bool = False) -> None:
        self._random = random
        self._base = base
        self._cap = cap
        self._first_free = first_free
        self._attempt = 0

    def reset(self) -> None:
        """Begin anew: things went well."""
        self._attempt = 0

    def pause(self) -> float:
        """The next pause in seconds."""
        attempt = self._attempt - self._first_free
        self._attempt += 1
        if attempt < 0:
            return 0.0
        longest = min(self._cap, self._base * 2.0 ** min(attempt, 30))
        return longest * self._random.uniform(0.5, 1.0)
