"""Who asked what: the last requests, for scenarios and people. No credentials, no bodies."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

KEPT = 10_000


class Entry(msgspec.Struct, omit_defaults=True):
    """One request. ``status`` is 0 while it is not answered; ``seconds`` is until the answer began."""

    number: int
    at: str
    user: str
    agent: str
    verb: str
    path: str
    query: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    status: int = 0
    seconds: float = 0.0
    fault: str = ""


class RequestLog:
    """The last ``KEPT`` requests in the order of their arrival."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._count = 0

    def add(self, entry: Entry) -> None:
        self._count += 1
        entry.number = self._count
        self._entries.append(entry)

    def list(self) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(entry) for entry in self._entries]

    @property
    def count(self) -> int:
        """How many there were, also those no longer kept."""
        return self._count

    def clear(self) -> None:
        self._entries.clear()
