"""How often something may be tried: a sliding window for each key. Pure; the caller says what time it is."""

from __future__ import annotations

from collections import deque

KEYS = 20_000
"""More keys than this and the longest untouched are forgotten: memory has an end, whatever an attacker sends."""


class Limiter:
    """At most `attempts` within `seconds` for each key."""

    def __init__(self, attempts: int, seconds: float) -> None:
        self._attempts = attempts
        self._seconds = seconds
        self._tried: dict[str, deque[float]] = {}

    def __repr__(self) -> str:
        return f"<Limiter {self._attempts} in {self._seconds:g}s keys={len(self._tried)}>"

    def attempt(self, key: str, now: float) -> float:
        """Count an attempt. 0 when it is within the limit; else the seconds until one is, and it is not counted."""
        tried = self._tried.pop(key, deque())
        self._tried[key] = tried  # last touched comes last
        while tried and tried[0] <= now - self._seconds:
            tried.popleft()
        if len(tried) >= self._attempts:
            return tried[0] + self._seconds - now
        tried.append(now)
        if len(self._tried) > KEYS:
            del self._tried[next(iter(self._tried))]
        return 0.0

    def forgive(self, key: str) -> None:
        """Forget a key's attempts."""
        self._tried.pop(key, None)
