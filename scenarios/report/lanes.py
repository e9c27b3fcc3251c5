"""What the timeline's lanes draw: marks, spans, and numbers over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from scenarios.timeline import Event
from scenarios.traffic import Sample, percentile


class Interval(msgspec.Struct, frozen=True):
    """Traffic from `at` on, for one interval; latencies in seconds."""

    at: float
    answers: int
    errors: int
    p50: float
    p99: float


def per_interval(samples: Sequence[Sample], length: float) -> list[Interval]:
    """Traffic in pieces of `length` seconds, without those before the first and after the last request."""
    if not samples:
        return []
    pieces: dict[int, list[Sample]] = {}
    for sample in samples:
        pieces.setdefault(math.floor(sample.at / length), []).append(sample)
    return [
        Interval(
            round(index * length, 3),
            len(piece := pieces.get(index, [])),
            sum(sample.failed for sample in piece),
            round(percentile([sample.seconds for sample in piece], 0.5), 6),
            round(percentile([sample.seconds for sample in piece], 0.99), 6),
        )
        for index in range(min(pieces), max(pieces) + 1)
    ]


class Point(NamedTuple):
    """From `at` on it is `value`; None: it could not be asked."""

    at: float
    value: float | None


def numbers(events: Sequence[Event]) -> dict[str, list[Point]]:
    """Lanes of numbers, in the order of their first event; an event without a number is a time when it was away."""
    lanes = dict.fromkeys(event.lane for event in events if event.value is not None)
    return {lane: [Point(event.at, event.value) for event in events if event.lane == lane] for lane in lanes}
