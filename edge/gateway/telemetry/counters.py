"""What a worker counts while it serves, as plain integers."""

from __future__ import annotations

from edge.gateway.telemetry.traffic import Traffic


class Counters:
    """The numbers that requests change."""

    __slots__ = ("cache", "ejections", "limited", "proxy_headers_refused", "retries", "traffic")

    def __init__(self) -> None:
        self.traffic = Traffic()
        self.retries = 0
        self.ejections = 0
        self.cache: dict[str, int] = {}
        self.proxy_headers_refused = 0
        self.limited: dict[str, dict[str, int]] = {}

    def limit(self, application: str, kind: str) -> None:
        """One request met a limit of this kind."""
        kinds = self.limited.setdefault(application, {})
        kinds[kind] = kinds.get(kind, 0) + 1
