"""Which application answers a host: exact names, then `*.suffix` at any depth, then the default."""

from __future__ import annotations

from collections.abc import Iterable

from edge.rules.names import HOST_LIMIT, host_of


class HostTable:
    """Immutable. Values are application ids; a name given twice belongs to who came first."""

    __slots__ = ("_default", "_exact", "_suffixes")

    def __init__(self, domains: Iterable[tuple[str, str]], default: str | None = None) -> None:
        """`domains` are (domain, application), lower case, exact or `*.suffix`."""
        self._exact: dict[str, str] = {}
        self._suffixes: dict[str, str] = {}
        self._default = default
        for domain, application in domains:
            if domain.startswith("*."):
                self._suffixes.setdefault(domain[1:], application)
            else:
                self._exact.setdefault(domain, application)

    def __repr__(self) -> str:
        return f"<HostTable exact={len(self._exact)} suffixes={len(self._suffixes)} default={self._default}>"

    def find(self, authority: str) -> str | None:
        """The application of a Host header's value; case, port and one trailing dot do not matter."""
        found = self._exact.get(authority)
        if found is not None:
            return found
        host = host_of(authority)
        found = self._exact.get(host)
        if found is not None:
            return found
        suffixes = self._suffixes
        if suffixes and len(host) <= HOST_LIMIT:
            dot = host.find(".")
            while dot >= 0:  # from the left, so the longest suffix is met first
                found = suffixes.get(host[dot:])
                if found is not None:
                    return found
                dot = host.find(".", dot + 1)
        return self._default
