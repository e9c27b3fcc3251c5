"""Credentials that were found good, remembered for a while: the next request with them costs microseconds.

What is kept is a keyed digest: neither memory dumps nor the time of a look-up tell anything of the credentials. It is
bounded, the oldest go first; it belongs to one action, so nothing is good elsewhere, and a release that changes the
action forgets all of it.
"""

from __future__ import annotations

import hashlib
import os
from typing import Generic, TypeVar

T = TypeVar("T")

ENTRIES = 2_000
"""What one action remembers at most."""


class Remembered(Generic[T]):
    """A value for each credential, until a time (of the caller's clock)."""

    def __init__(self, limit: int = ENTRIES) -> None:
        self._limit = limit
        self._key = os.urandom(32)
        self._known: dict[bytes, tuple[float, T]] = {}

    def __repr__(self) -> str:
        return f"<Remembered {len(self._known)}>"

    def __len__(self) -> int:
        return len(self._known)

    def digest(self, credentials: bytes) -> bytes:
        """What stands for them here."""
        return hashlib.blake2b(credentials, key=self._key, digest_size=24).digest()

    def find(self, digest: bytes, now: float) -> T | None:
        """What was put, unless it is over."""
        found = self._known.get(digest)
        if found is None:
            return None
        until, value = found
        if until <= now:
            del self._known[digest]
            return None
        return value

    def put(self, digest: bytes, value: T, until: float) -> None:
        """Remember `value`; the oldest goes when there are too many."""
        self._known.pop(digest, None)
        if len(self._known) >= self._limit:
            del self._known[next(iter(self._known))]
        self._known[digest] = (until, value)

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
