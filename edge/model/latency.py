"""Latencies as counts in buckets: what gateways count, the Admin adds up and people read as quantiles."""

from __future__ import annotations

from collections.abc import Sequence

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of latencies in seconds; one more bucket takes what is above."""


def quantile(share: float, counts: Sequence[float], bounds: Sequence[float] = BUCKETS) -> float | None:
    """The latency in seconds that `share` (0 to 1) of the requests stayed within, as Prometheus' histogram_quantile
    reckons: linear within its bucket, the last bound for what is above all. None without requests."""
    wanted = sum(counts) * share
    if wanted <= 0:
        return None
    below = 0.0
    for place, bound in enumerate(bounds):
        count = counts[place]
        if count and below + count >= wanted:
            low = bounds[place - 1] if place else 0.0
            return low + (bound - low) * (wanted - below) / count
        below += count
    return bounds[-1]
