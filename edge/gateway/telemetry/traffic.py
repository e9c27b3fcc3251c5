"""Requests by application, upstream and endpoint: one tally for each that was asked, of which all other sums are made.

Words. A *tally* is what is counted for one (application, upstream, endpoint). The *rest* of an upstream is the tally of
what no endpoint that is still there answered: the gateway's own answers, and whatever endpoints that are gone counted.

Rules. Nothing grows without end: at most `LIMIT` endpoints have tallies of their own, the others of their upstream
count together as `other`. An endpoint that is gone is folded into the rest of its upstream, so the upstream's sums
never fall. An upstream that is gone, or its application, has no tallies any more; what they counted stays in `gone`, so
that the sum of all never falls. Cost of a request: one look-up, two list items, one float.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection
from typing import Final, TypeAlias

from edge.gateway.balancing.target import Address, shown
from edge.gateway.telemetry.tally import OTHER, REST, Tallies, Tally
from edge.model.latency import BUCKETS

LIMIT: Final = 2000
"""Endpoints of a worker with a tally of their own."""

_OTHER: Final[Address] = (OTHER, 0)


Addresses: TypeAlias = Callable[[str, str], Collection[Address] | None]
"""(application, upstream) → where its endpoints are, None: there is no such upstream any more."""


class Traffic:
    """A worker's tallies."""

    __slots__ = ("_begun", "_endpoints", "_limit", "_tallies", "gone")

    def __init__(self, limit: int = LIMIT) -> None:
        self._tallies: dict[tuple[str, str, Address | None], Tally] = {}
        self._limit = limit
        self._endpoints = 0
        self._begun = False
        self.gone = Tally()

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
        """Endpoints that are no more among `addresses` count to the rest of their upstream from now on, and what an
        upstream counted that is no more, to `gone`."""
        self._begun = False
        known: dict[tuple[str, str], Collection[Address] | None] = {}
        for key in list(self._tallies):
            application, upstream, address = key
            if (application, upstream) not in known:
                known[application, upstream] = addresses(application, upstream)
            there = known[application, upstream]
            named = address is not None and address != _OTHER
            if there is not None and (not named or address in there):
                continue
            if named:
                self._endpoints -= 1
            tally = self._tallies.pop(key)
            if there is None:
                self.gone.take(tally)
            else:
                self._tallies.setdefault((application, upstream, None), Tally()).take(tally)

    def tallies(self) -> Tallies:
        """All of them, by name; the tallies are the living ones."""
        result: Tallies = {}
        for (application, upstream, address), tally in self._tallies.items():
            name = REST if address is None else OTHER if address == _OTHER else shown(address)
            result.setdefault(application, {}).setdefault(upstream, {})[name] = tally
        return result
