"""What every proxy is to do, as plain values that each renders in its own way.

Every application has the same rules: one that marks every answer, one that looks at a header, one at the method, and
paths by prefix, of which the last takes what is left. `/upload` goes to the sink, everything else to the backend.
"""

from __future__ import annotations

from typing import NamedTuple

from loadtests.peers.certificate import Files

MARK = ("X-Content-Type-Options", "nosniff")
"""The header that the first rule sets on every answer."""
DEBUG = ("X-Debug", "X-Debug-Route")
"""The second rule passes the one on as the other."""
REFUSED_METHOD = "PURGE"
DENIED = "/admin"
MOVED = ("/old", "/new")
UPLOAD = "/upload"
PREFIXES = ("/api/v1", "/static", "/images")
"""With the two rules on every path, the three on a method or path above, `/upload` and the last one: ten."""
LEAST_RULES = 10
SECURED = "localhost"
"""One more domain of the application in the middle, which is also served over TLS: wrk names the host that it connects
to in SNI, so it has to be one that every machine can look up."""


class Ports(NamedTuple):
    """Where a proxy listens, plainly and over TLS."""

    plain: int
    tls: int


class Work(NamedTuple):
    """`applications` with `domains` each; `rules` is at least LEAST_RULES, more are more prefixes. Ports are of
    127.0.0.1. Without a `certificate` nothing is served over TLS."""

    backend: int
    sink: int
    applications: int = 1000
    domains: int = 10
    rules: int = LEAST_RULES
    certificate: Files | None = None

    @property
    def middle(self) -> int:
        """The application that is asked where one is enough."""
        return min(500, self.applications - 1)

    def hosts(self, application: int) -> list[str]:
        """The domains of an application, counted from 0."""
        secured = [SECURED] if self.certificate is not None and application == self.middle else []
        return [f"www{domain}.shop{application:04}.example.com" for domain in range(self.domains)] + secured

    def every_host(self) -> list[str]:
        """All domains, so that neighbours are of different applications."""
        return [self.hosts(a)[d] for d in range(self.domains) for a in range(self.applications)]

    def prefixes(self) -> list[str]:
        """The paths that rules of their own send to the backend."""
        return [*PREFIXES, *(f"/area/{number:03}" for number in range(self.rules - LEAST_RULES))]
