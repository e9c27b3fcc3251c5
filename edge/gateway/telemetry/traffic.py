"""Requests by application, upstream and endpoint: one tally for each that was asked, of which all other sums are made.

Words. A *tally* is what is counted for one (application, upstream, endpoint). The *rest* of an upstream is the tally of
what no endpoint that is still there answered: the gateway's own answers, and whatever endpoints that are gone counted.

Rules. Nothing grows without end: at most `LIMIT` endpoints have tallies of their own, the others of their upstream
count together as `other`. An endpoint that is gone is folded into the rest of its upstream, so the upstream's sums
never fall. Cost of a request: one look-up, two list items, one float.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection
from typing import TypeAlias

import msgspec

from edge.gateway.balancing.pool import Address
from edge.model.latency import BUCKETS

LIMIT = 2000
"""Endpoints of a worker with a tally of their own."""
REST = ""
"""In place of an endpoint's name: what no endpoint that is there answered."""
OTHER = "other"
"""In place of an endpoint's name: those beyond the limit."""

_OTHER: Address = (OTHER, 0)


class Tally(msgspec.Struct, array_like=True, gc=False):
    """`classes` are the answers of status classes 1xx to 5xx, `latency` the requests in each of BUCKETS and above,
    `seconds` what all took together."""

    classes: list[int] = msgspec.field(default_factory=lambda: [0] * 5)
    latency: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0

    @property
    def requests(self) -> int:
        """How many there were."""
        return sum(self.latency)

    def take(self, other: Tally) -> None:
        """Add another's numbers."""
        self.classes = [a + b for a, b in zip(self.classes, other.classes, strict=True)]
        self.latency = [a + b for a, b in zip(self.latency, other.latency, strict=True)]
        self.seconds += other.seconds


Tallies: TypeAlias = dict[str, dict[str, dict[str, Tally]]]
"""Application → upstream → endpoint's name → tally. Requests of no application or upstream count as `""`."""

Addresses: TypeAlias = Callable[[str, str], Collection[Address]]
"""(application, upstream) → where its endpoints are."""


def shown(address: Address) -> str:
    """An endpoint's name: HOST:PORT, IPv6 in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Traffic:
    """A worker's tallies."""

    __slots__ = ("_begun", "_endpoints", "_limit", "_tallies")

    def __init__(self, limit: int = LIMIT) -> None:
        self._tallies: dict[tuple[str, str, Address | None], Tally] = {}
        self._limit = limit
        self._endpoints = 0
        self._begun = False

    def __repr__(self) -> str:
        return f"<Traffic tallies={len(self._tallies)} endpoints={self._endpoints}>"

    def record(self, application: str, upstream: str, address: Address | None, status: int, seconds: float) -> None:
        """One request answered with `status` after `seconds`, by the endpoint at `address` or by the gateway."""
        tally = self._tallies.get((application, upstream, address))
        if tally is None:
            tally = self._begin(application, upstream, address)
        tally.classes[status // 100 - 1] += 1
        tally.latency[bisect_left(BUCKETS, seconds)] += 1
        tally.seconds += seconds

    def _begin(self, application: str, upstream: str, address: Address | None) -> Tally:
        if address is not None:
            if self._endpoints >= self._limit:
                address = _OTHER
            else:
                self._endpoints += 1
                self._begun = True
        return self._tallies.setdefault((application, upstream, address), Tally())

    @property
    def begun(self) -> bool:
        """Whether an endpoint was counted for the first time since those that are gone were last folded."""
        return self._begun

    def fold_gone(self, addresses: Addresses) -> None:
        """Endpoints that are no more among `addresses` count to the rest of their upstream from now on."""
        self._begun = False
        known: dict[tuple[str, str], Collection[Address]] = {}
        for key in list(self._tallies):
            application, upstream, address = key
            if address is None or address is _OTHER:
                continue
            there = known.get((application, upstream))
            if there is None:
                there = known[application, upstream] = addresses(application, upstream)
            if address not in there:
                self._endpoints -= 1
                gone = self._tallies.pop(key)
                self._tallies.setdefault((application, upstream, None), Tally()).take(gone)

    def tallies(self) -> Tallies:
        """All of them, by name; the tallies are the living ones."""
        result: Tallies = {}
        for (application, upstream, address), tally in self._tallies.items():
            name = REST if address is None else OTHER if address is _OTHER else shown(address)
            result.setdefault(application, {}).setdefault(upstream, {})[name] = tally
        return result


def add_to(total: Tallies, tallies: Tallies) -> None:
    """Add tallies to a sum, which shares nothing with them."""
    for application, upstreams in tallies.items():
        for upstream, endpoints in upstreams.items():
            sums = total.setdefault(application, {}).setdefault(upstream, {})
            for endpoint, tally in endpoints.items():
                sums.setdefault(endpoint, Tally()).take(tally)


def folded(past: Tallies, living: Tallies) -> Tallies:
    """What ended workers counted, with endpoints that no living one counts in the rests of their upstreams."""
    result: Tallies = {}
    for application, upstreams in past.items():
        for upstream, endpoints in upstreams.items():
            there = living.get(application, {}).get(upstream, {})
            sums = result.setdefault(application, {}).setdefault(upstream, {})
            for endpoint, tally in endpoints.items():
                sums.setdefault(endpoint if endpoint in there else REST, Tally()).take(tally)
    return result


def total(endpoints: dict[str, Tally]) -> Tally:
    """All of an upstream."""
    result = Tally()
    for tally in endpoints.values():
        result.take(tally)
    return result
