"""What an agent tells the Admin of its workers' requests, for charts: what was counted since it last told, a few
seconds ago.

Rules. Nothing is said while nothing is counted, while the Admin is away (that time has no chart), or while the last
report has not been sent: then the next one covers the longer time. A report names at most `SERIES` endpoints, those
with the most requests; the others count in the rest of their upstream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge.gateway.telemetry.tally import REST, Tallies, Tally
from edge.model.latency import BUCKETS
from edge.wire.messages import Series, Traffic

SERIES = 1000


def since(before: Tallies, now: Tallies) -> list[Series]:
    """What was counted between two sums, by endpoint. An endpoint that is gone has been folded into the rest of its
    upstream, so its numbers are taken from there: an upstream's sum is right, whatever came and went."""
    found: list[Series] = []
    for application, upstreams in now.items():
        for upstream, endpoints in upstreams.items():
            then = before.get(application, {}).get(upstream, {})
            folded = [tally for endpoint, tally in then.items() if endpoint not in endpoints]
            for endpoint, tally in endpoints.items():
                known = [*folded] if endpoint == REST else []
                if endpoint in then:
                    known.append(then[endpoint])
                series = _difference(application, upstream, endpoint, tally, known)
                if series is not None:
                    found.append(series)
    return found


def _difference(application: str, upstream: str, endpoint: str, now: Tally, before: list[Tally]) -> Series | None:
    classes, latency, seconds = list(now.classes), list(now.latency), now.seconds
    for tally in before:
        classes = [a - b for a, b in zip(classes, tally.classes, strict=True)]
        latency = [a - b for a, b in zip(latency, tally.latency, strict=True)]
        seconds -= tally.seconds
    if min(*classes, *latency) < 0:  # it was folded and came again between two looks: it begins anew
        classes, latency, seconds = list(now.classes), list(now.latency), now.seconds
    if not any(classes):
        return None
    return Series(application, upstream, endpoint, tuple(classes), tuple(latency), round(max(seconds, 0.0), 6))


def bounded(series: list[Series], most: int = SERIES) -> tuple[Series, ...]:
    """At most so many that name an endpoint."""
    named = [one for one in series if one.endpoint != REST]
    if len(named) <= most:
        return tuple(series)
    named.sort(key=lambda one: -sum(one.classes))
    rests = {(one.application, one.upstream): one for one in series if one.endpoint == REST}
    for one in named[most:]:
        key = one.application, one.upstream
        rest = rests.get(key)
        rests[key] = Series(*key, REST, one.classes, one.latency, one.seconds) if rest is None else _sum(rest, one)
    return (*named[:most], *rests.values())


def _sum(one: Series, other: Series) -> Series:
    return Series(
        one.application,
        one.upstream,
        one.endpoint,
        tuple(a + b for a, b in zip(one.classes, other.classes, strict=True)),
        tuple(a + b for a, b in zip(one.latency, other.latency, strict=True)),
        one.seconds + other.seconds,
    )


class TrafficReport:
    """`send` has a report sent and answers False while the last one waits."""

    def __init__(self, send: Callable[[Traffic], bool]) -> None:
        self._send = send
        self._before: Tallies | None = None
        self._at = 0.0

    def __repr__(self) -> str:
        return f"<TrafficReport at={self._at}>"

    def tell(self, now: Tallies) -> None:
        """Tell what was counted since the last call, if there was one."""
        at = asyncio.get_running_loop().time()
        if self._before is not None:
            series = bounded(since(self._before, now))
            if series and not self._send(Traffic(round(at - self._at, 3), BUCKETS, series)):
                return
        self._before, self._at = now, at

    def interrupt(self) -> None:
        """Nobody is there to be told: this time has no report."""
        self._before = None
