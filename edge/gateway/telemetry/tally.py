"""What is counted of an endpoint's requests, and sums of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

import msgspec

from edge.model.latency import BUCKETS

REST = ""
"""In place of an endpoint's name: what no endpoint that is there answered."""

OTHER = "other"
"""In place of an endpoint's name: those beyond the limit."""


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


def add_to(total: Tallies, tallies: Tallies) -> None:
    """Add tallies to a sum, which shares nothing with them."""
    for application, upstreams in tallies.items():
        for upstream, endpoints in upstreams.items():
            sums = total.setdefault(application, {}).setdefault(upstream, {})
            for endpoint, tally in endpoints.items():
                sums.setdefault(endpoint, Tally()).take(tally)


def folded(past: Tallies, living: Sequence[Tallies]) -> Tallies:
    """What ended workers counted, with endpoints that no living one counts in the rests of their upstreams."""
    result: Tallies = {}
    for application, upstreams in past.items():
        for upstream, endpoints in upstreams.items():
            there = [one.get(application, {}).get(upstream, {}) for one in living]
            sums = result.setdefault(application, {}).setdefault(upstream, {})
            for endpoint, tally in endpoints.items():
                kept = any(endpoint in counted for counted in there)
                sums.setdefault(endpoint if kept else REST, Tally()).take(tally)
    return result


def split(tallies: Tallies, applications: Collection[str]) -> tuple[Tallies, Tally]:
    """The tallies of these applications and of no application, and the sum of the others."""
    gone = Tally()
    for application, upstreams in tallies.items():
        if application and application not in applications:
            for endpoints in upstreams.values():
                gone.take(total(endpoints))
    return {name: of for name, of in tallies.items() if not name or name in applications}, gone


def total(endpoints: dict[str, Tally]) -> Tally:
    """All of an upstream."""
    result = Tally()
    for tally in endpoints.values():
        result.take(tally)
    return result
