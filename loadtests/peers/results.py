"""Samples and what they come to: medians over rounds, ratios, tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from loadtests.peers.load import Outcome

MEASURES = ("envoy", "nginx")
"""Whose CPU per request the others' is compared with."""


class Memory(msgspec.Struct, frozen=True):
    """MB: of a proxy's largest process but the parent (the worker) resident and with what is shared divided among those
    who share it; and resident of all its processes."""

    worker: float
    proportional: float
    total: float


class Sample(msgspec.Struct, frozen=True):
    """One proxy in one round. `cpu` are seconds of all its processes; `rate` is 0 in a closed loop."""

    case: str
    proxy: str
    label: str
    rate: float
    outcome: Outcome
    cpu: float
    memory: Memory

    @property
    def per_request(self) -> float:
        """CPU microseconds for each request answered."""
        return self.cpu / self.outcome.requests * 1e6 if self.outcome.requests else float("inf")

    def __str__(self) -> str:
        o = self.outcome
        failed = (f"  {o.failed} FAILED" if o.failed else "") + (f"  {o.late} late" if o.late else "")
        return (
            f"{o.requests / o.seconds:9.0f} requests/s  p50 {o.p50:8.2f} ms  p99 {o.p99:8.2f} ms"
            f"  {self.per_request:8.1f} µs CPU{failed}"
        )


class Idle(msgspec.Struct, frozen=True):
    """Memory in MB of all processes before and with `connections` idle ones, and the share of a core they took."""

    proxy: str
    connections: int
    before: float
    after: float
    share: float

    @property
    def per_connection(self) -> float:
        """KB."""
        return (self.after - self.before) * 1024 / self.connections


class Row(msgspec.Struct, frozen=True):
    """Medians over the rounds of one proxy, of memory the most. `ratios` are its CPU per request over that of MEASURES,
    taken round by round, where those were in the run; requests/s of a steady load are those that were answered."""

    proxy: str
    label: str
    rate: float
    requests: float
    p50: float
    p99: float
    per_request: float
    memory: Memory
    failed: int
    late: int
    ratios: dict[str, float]


def summarize(samples: Sequence[Sample]) -> list[Row]:
    """A row for each proxy and label, in the order they came."""
    closed = not any(sample.rate for sample in samples)
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.proxy, "" if closed else sample.label), []).append(sample)
    return [_row(group, groups, label) for (_, label), group in groups.items()]


def _row(group: Sequence[Sample], groups: Mapping[tuple[str, str], Sequence[Sample]], label: str) -> Row:
    middle = statistics.median
    ratios = {}
    for name in MEASURES:
        other = groups.get((name, label))
        if other:
            pairs = zip(group, other, strict=False)
            ratios[name] = middle(ours.per_request / theirs.per_request for ours, theirs in pairs)
    return Row(
        proxy=group[0].proxy,
        label=label,
        rate=group[0].rate,
        requests=middle(s.outcome.requests / s.outcome.seconds for s in group),
        p50=middle(s.outcome.p50 for s in group),
        p99=middle(s.outcome.p99 for s in group),
        per_request=middle(s.per_request for s in group),
        memory=max((s.memory for s in group), key=lambda memory: memory.worker),
        failed=sum(s.outcome.failed for s in group),
        late=sum(s.outcome.late for s in group),
        ratios=ratios,
    )


def table(rows: Iterable[Row]) -> list[list[str]]:
    """Heading and cells."""
    heading = [
        "",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU µs/request",
        "× envoy",
        "× nginx",
        "worker MB",
        "of its own",
        "failed",
        "late",
    ]
    return [heading, *(_cells(row) for row in rows)]


def _cells(row: Row) -> list[str]:
    ratios = [f"{row.ratios[name]:.2f}" if name in row.ratios else "–" for name in MEASURES]
    name = f"{row.proxy}, {row.label}" if row.label else row.proxy
    numbers = [f"{row.requests:.0f}", f"{row.p50:.2f}", f"{row.p99:.2f}", f"{row.per_request:.1f}"]
    return [
        name,
        *numbers,
        *ratios,
        f"{row.memory.worker:.1f}",
        f"{row.memory.proportional:.1f}",
        str(row.failed),
        str(row.late),
    ]


def idle_table(idles: Iterable[Idle]) -> list[list[str]]:
    """Heading and cells."""
    heading = ["", "MB before", "MB with them", "KB a connection", "CPU, % of a core"]
    return [
        heading,
        *(
            [i.proxy, f"{i.before:.1f}", f"{i.after:.1f}", f"{i.per_connection:.1f}", f"{i.share * 100:.1f}"]
            for i in idles
        ),
    ]


def markdown(cells: Sequence[Sequence[str]]) -> str:
    """A table, aligned so that it also reads well as plain text; all columns but the first to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| "
        + " | ".join(c.ljust(w) if not i else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) if not i else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
    return "\n".join(lines)
