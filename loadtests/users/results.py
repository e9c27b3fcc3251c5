"""What locust's `--json-file` says, as the few numbers of a task that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One task: requests, those that failed, requests a second, and latencies in milliseconds."""

    name: str
    requests: int
    failed: int
    rate: float
    p50: float
    p99: float
    slowest: float


def rows(entries: Sequence[Mapping[str, Any]]) -> list[Row]:
    """A row for each of locust's entries, by name, and "all of them" behind."""
    began = min((entry["start_time"] for entry in entries), default=0.0)
    ended = max((entry["last_request_timestamp"] or began for entry in entries), default=0.0)
    each = [(f"{entry['method']} {entry['name']}", [entry]) for entry in sorted(entries, key=lambda e: e["name"])]
    return [row(name, of, ended - began) for name, of in (*each, ("all of them", entries))]


def row(name: str, entries: Sequence[Mapping[str, Any]], seconds: float) -> Row:
    """`entries` as one, of a run of `seconds`. Locust rounds latencies to a millisecond, above 100 to ten."""
    requests = sum(entry["num_requests"] for entry in entries)
    counts: dict[float, int] = {}
    for entry in entries:
        for milliseconds, count in entry["response_times"].items():
            counts[float(milliseconds)] = counts.get(float(milliseconds), 0) + count
    return Row(
        name,
        requests,
        sum(entry["num_failures"] for entry in entries),
        requests / seconds if seconds > 0 else 0.0,
        percentile(counts, 0.5),
        percentile(counts, 0.99),
        max((entry["max_response_time"] for entry in entries), default=0.0),
    )


def percentile(counts: Mapping[float, int], share: float) -> float:
    """The value that `share` of all values do not exceed (nearest rank); 0 when there is none."""
    left = share * sum(counts.values())
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    return 0.0


def table(shown: Sequence[Row]) -> str:
    """For a terminal."""
    lines = [f"{'':<24}{'requests':>9}{'failed':>8}{'per s':>8}{'p50 ms':>8}{'p99 ms':>8}{'slowest':>9}"]
    lines += [
        f"{row.name:<24}{row.requests:>9}{row.failed:>8}{row.rate:>8.1f}{row.p50:>8.0f}{row.p99:>8.0f}{row.slowest:>9.0f}"
        for row in shown
    ]
    return "\n".join(lines)
