"""What this gateway is to reach, each goal beside what the run measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from loadtests.peers.proxies import EDGE
from loadtests.peers.results import Row

TO_ENVOY, TO_NGINX, MEMORY = 0.65, 1.8, 45.0
GROWTH = 1.10
"""How much more a request may cost with a hundred times the applications or twenty times the rules: noise only."""


class Goal(NamedTuple):
    """`measured` is to be at most `limit`."""

    what: str
    measured: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.measured <= self.limit

    def __str__(self) -> str:
        return f"  {self.what:<66}{self.measured:9.2f}   goal <= {self.limit:<7.4g} {'met' if self.met else 'MISSED'}"


def judge(cases: Mapping[str, Sequence[Row]]) -> list[Goal]:
    """The goals whose cases and peers were in the run."""
    goals: list[Goal] = []
    for row in _of(cases, "keepalive", EDGE):
        for name, limit in (("envoy", TO_ENVOY), ("nginx", TO_NGINX)):
            if name in row.ratios:
                goals.append(
                    Goal(f"small keep-alive GET: CPU per request, times that of {name}", row.ratios[name], limit)
                )
        goals.append(Goal("small keep-alive GET: failed requests", row.failed, 0))
        goals.append(Goal("memory of the worker after it, MB resident", row.memory.worker, MEMORY))
        goals.append(Goal("memory of the worker, what is shared divided, MB", row.memory.proportional, MEMORY))
    goals += _steady(cases.get("steady", ()))
    goals += _growth(cases.get("growth", ()))
    return goals


def _of(cases: Mapping[str, Sequence[Row]], case: str, proxy: str) -> Iterable[Row]:
    return (row for row in cases.get(case, ()) if row.proxy == proxy)


def _steady(rows: Sequence[Row]) -> Iterator[Goal]:
    """Everybody at half of its own peak, and both at half of this gateway's."""
    own = {row.proxy: row for row in rows if row.label.startswith("half its own")}
    same = {row.proxy: row for row in rows if not row.label.startswith("half its own")}
    if EDGE in own and "envoy" in own:
        yield Goal("p99 at half its own peak, ms; Envoy's at half its own", own[EDGE].p99, own["envoy"].p99)
    if EDGE in own and "envoy" in same:
        yield Goal("p99 at half its own peak, ms; Envoy's at the same rate", own[EDGE].p99, same["envoy"].p99)


def _growth(rows: Sequence[Row]) -> Iterator[Goal]:
    costs = {row.proxy: row.per_request for row in rows}
    pairs = [("10 x 10", "1000 x 10"), ("1 x 10", "1 x 200")]
    for small, large in pairs:
        if small in costs and large in costs:
            what = f"CPU per request, {large} applications x rules over {small}"
            yield Goal(what, costs[large] / costs[small], GROWTH)
