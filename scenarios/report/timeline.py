"""A run's timeline: which lanes there are, and what is drawn in each.

From top to bottom: steps, invariants and what disturbed Edge; what Kubernetes' API was asked by Edge, and what happened
in Kubernetes; endpoints in Kubernetes, in the Admin and in each gateway, all on one scale; traffic with its errors,
and its latency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scenarios.disturbances import DISTURBANCES
from scenarios.observers import ADMIN, EVENTS, KUBERNETES, REQUESTS
from scenarios.report.drawing import Axis, Lane, rows_of
from scenarios.report.lanes import Interval, Point, numbers, per_interval
from scenarios.runner import GIVEN, Result
from scenarios.timeline import Event, Outcome

BAR, CURVE, TRAFFIC = 16, 26, 40  # pixels
PIECES = 200  # of traffic, for the whole axis
# stripes for what could not be asked; once for the page
AWAY = (
    '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><pattern id="away" width="6" height="6"'
    ' patternUnits="userSpaceOnUse"><path d="M0 6L6 0" stroke="currentColor" stroke-opacity=".35"/></pattern></svg>'
)


def lanes(result: Result) -> str:
    """The timeline as HTML."""
    axis = Axis(result.seconds)
    return f'<div class="lanes">{"".join(lane.html() for lane in _lanes(result, axis))}{axis.row()}</div>'


def _lanes(result: Result, axis: Axis) -> Iterator[Lane]:
    events = sorted(result.timeline.events, key=lambda event: event.at)
    yield _steps(axis, [outcome for outcome in result.outcomes if outcome.kind != "invariant"])
    if given := [event for event in events if event.lane == GIVEN]:
        yield _spans(axis, "given", "given", given)
    if invariants := [outcome for outcome in result.outcomes if outcome.kind == "invariant"]:
        yield _invariants(axis, invariants)
    if disturbances := [event for event in events if event.lane == DISTURBANCES]:
        yield _spans(axis, "faults", "fault", disturbances)
    for name, note in ((REQUESTS, "by Edge; red: refused"), (EVENTS, "pods and slices")):
        if marks := [event for event in events if event.lane == name]:
            yield _marks(axis, name, note, marks)
    curves = numbers(events)
    most = max((point.value for points in curves.values() for point in points if point.value is not None), default=0)
    for name in sorted(curves, key=lambda name: (name != KUBERNETES, name != ADMIN, name)):
        yield _curve(axis, name, curves[name], most)
    for name, samples in result.traffic.items():
        length = max(0.05, axis.seconds / PIECES)
        if pieces := per_interval(samples, length):
            yield _rate(axis, name, pieces, length)
            yield _latency(axis, name, pieces, length)


def _steps(axis: Axis, outcomes: Sequence[Outcome]) -> Lane:
    reached = [outcome for outcome in outcomes if outcome.message != "not reached"]
    rows = rows_of([(outcome.started, outcome.seconds) for outcome in reached])
    lane = Lane(axis, "steps", BAR * (max(rows, default=0) + 1))
    for outcome, row in zip(reached, rows, strict=True):
        kind = "wrong" if outcome.state in ("failed", "error") else outcome.kind
        title = f"{outcome.started:.2f} s, for {outcome.seconds:.2f} s: {outcome.title} ({outcome.state})"
        text = outcome.title.removeprefix("expect ")
        lane.bar(kind, outcome.started, outcome.seconds, BAR * row + 1, BAR - 2, title, text)
    longest = max(reached, key=lambda outcome: outcome.seconds, default=None)
    lane.note = f"{len(reached)} of {len(outcomes)}"
    lane.summary = lane.note + (f"; the longest took {longest.seconds:.2f} s: {longest.title}" if longest else "")
    return lane


def _invariants(axis: Axis, outcomes: Sequence[Outcome]) -> Lane:
    lane = Lane(axis, "invariants", 8 * len(outcomes) + 2)
    for row, outcome in enumerate(outcomes):
        bad = outcome.state in ("failed", "error")
        end = outcome.started + outcome.seconds
        title = f"{outcome.title}: {outcome.state} at {end:.2f} s"
        lane.bar("invariant", outcome.started, outcome.seconds, 8 * row + 2, 5, title)
        if bad:
            lane.bar("wrong", end, axis.seconds - end, 8 * row + 2, 5, title)
    broken = sum(outcome.state == "failed" for outcome in outcomes)
    lane.note = f"{broken} of {len(outcomes)} broken" if broken else f"all {len(outcomes)} held"
    return lane


def _spans(axis: Axis, name: str, kind: str, events: Sequence[Event]) -> Lane:
    """What lasts; what happens at the same time one below the other."""
    rows = rows_of([(event.at, event.seconds) for event in events])
    lane = Lane(axis, name, BAR * (max(rows) + 1))
    for event, row in zip(events, rows, strict=True):
        title = f"{event.at:.2f} to {event.at + event.seconds:.2f} s: {event.text}"
        lane.bar(kind, event.at, event.seconds, BAR * row + 1, BAR - 2, title, event.text)
    lane.note = "what was in the way" if kind == "fault" else "before the first step"
    lane.summary = ", ".join(f"{e.text} from {e.at:.1f} to {e.at + e.seconds:.1f} s" for e in events)
    return lane


def _marks(axis: Axis, name: str, note: str, events: Sequence[Event]) -> Lane:
    lane = Lane(axis, name, 18)
    for event in events:
        lane.bar("wrong" if event.bad else "tick", event.at, 0, 2, 14, f"{event.at:.2f} s: {event.text}")
    bad = sum(event.bad for event in events)
    lane.note = f"{len(events)} {note}"
    lane.summary = f"{len(events)}, {bad} of them refused" if bad else str(len(events))
    return lane


def _curve(axis: Axis, name: str, points: Sequence[Point], most: float) -> Lane:
    """A number that stays until it changes."""
    lane = Lane(axis, name, CURVE)
    ends = [point.at for point in points[1:]] + [axis.seconds]
    for point, end in zip(points, ends, strict=True):
        title = (
            f"from {point.at:.2f} to {end:.2f} s: {'cannot be asked' if point.value is None else f'{point.value:g}'}"
        )
        if point.value is None:
            lane.bar("away", point.at, end - point.at, 2, CURVE - 4, title)
            continue
        high = max((CURVE - 2) * point.value / max(most, 1), 1.5)
        lane.bar("area", point.at, end - point.at, CURVE - high, high, title)
        if axis.width(point.at, end - point.at) >= 2:
            lane.bar("unreached", point.at, end - point.at, 0, CURVE, title, f"{point.value:g}")
    seen = [point.value for point in points if point.value is not None]
    lane.note = f"{min(seen):g} to {max(seen):g}" if seen else "never seen"
    lane.summary = ", ".join(f"{'away' if p.value is None else f'{p.value:g}'} from {p.at:.2f} s" for p in points)
    return lane


def _rate(axis: Axis, name: str, pieces: Sequence[Interval], length: float) -> Lane:
    lane = Lane(axis, f"traffic {name}", TRAFFIC)
    most = max(piece.answers for piece in pieces)
    for piece in pieces:
        title = f"{piece.at:.2f} s: {piece.answers / length:.0f} answers/s, {piece.errors} errors"
        for kind, number in (("area", piece.answers), ("wrong", piece.errors)):
            if number:
                high = max((TRAFFIC - 2) * number / most, 2)
                lane.bar(kind, piece.at, length, TRAFFIC - high, high, title)
    answers, errors = sum(piece.answers for piece in pieces), sum(piece.errors for piece in pieces)
    lane.note = f"up to {most / length:.0f}/s, {errors} errors"
    lane.summary = f"{answers} answers, {errors} errors"
    return lane


def _latency(axis: Axis, name: str, pieces: Sequence[Interval], length: float) -> Lane:
    lane = Lane(axis, f"latency {name}", TRAFFIC)
    slowest = max(piece.p99 for piece in pieces)
    for piece in pieces:
        if not piece.answers:
            continue
        title = f"{piece.at:.2f} s: p50 {piece.p50 * 1000:.1f} ms, p99 {piece.p99 * 1000:.1f} ms"
        for kind, seconds in (("slow", piece.p99), ("median", piece.p50)):
            high = max((TRAFFIC - 2) * seconds / max(slowest, 1e-6), 1)
            lane.bar(kind, piece.at, length, TRAFFIC - high, high, title)
    lane.note = f"p99 up to {slowest * 1000:.1f} ms"
    return lane
