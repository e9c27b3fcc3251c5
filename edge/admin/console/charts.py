"""Charts as the numbers of inline SVG: where lines and areas go, and what stands at their axes. Pure; the template
`parts/chart.html` draws, and the text around it is HTML, so that it keeps its size on every screen."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

WIDTH, HEIGHT = 720, 160
"""The drawing's own units; it is stretched to the room there is."""


class Mark(msgspec.Struct, frozen=True):
    """One area or line: `kind` is its class in the style sheet, `path` what SVG draws."""

    label: str
    kind: str
    path: str


class Chart(msgspec.Struct, frozen=True):
    """`ticks` stand beside it from top to bottom, `times` below it from left to right; `description` says in words what
    can be seen."""

    id: str
    title: str
    description: str
    marks: list[Mark]
    ticks: list[str]
    times: list[str]
    width: int = WIDTH
    height: int = HEIGHT


def top(highest: float, least: float) -> float:
    """Where an axis ends: the next of 1, 2, 3, 4, 5, 6 or 8 times a power of ten, `least` at the lowest."""
    step = least
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8):
            if step * factor >= highest:
                return step * factor
        step *= 10


def stacked(rows: Sequence[Sequence[float]], end: float) -> list[str]:
    """Areas upon each other, the first at the bottom, as paths; empty where a row is nothing all the time."""
    if not rows or not rows[0]:
        return []
    below = [0.0] * len(rows[0])
    paths: list[str] = []
    for row in rows:
        above = [low + value for low, value in zip(below, row, strict=True)]
        if any(row):
            upper = _points(above, end)
            lower = _points(below, end)[::-1]
            paths.append(f"M{' L'.join(upper)} L{' L'.join(lower)} Z")
        else:
            paths.append("")
        below = above
    return paths


def line(values: Sequence[float | None], end: float) -> str:
    """A line with gaps where there is nothing; a value by itself is a dot."""
    parts: list[str] = []
    pen = False
    for place, value in enumerate(values):
        if value is None:
            pen = False
            continue
        parts.append(f"{'L' if pen else 'M'}{_point(place, value, len(values), end)}")
        if not pen and (place + 1 == len(values) or values[place + 1] is None):
            parts.append("h.01")
        pen = True
    return " ".join(parts)


def _points(values: Sequence[float], end: float) -> list[str]:
    return [_point(place, value, len(values), end) for place, value in enumerate(values)]


def _point(place: int, value: float, count: int, end: float) -> str:
    x = WIDTH * place / max(count - 1, 1)
    return f"{x:.1f},{HEIGHT - HEIGHT * min(value / end, 1.0):.1f}"


def per_second(value: float) -> str:
    """A rate as people read it."""
    if value >= 1000:
        return f"{value / 1000:.3g}k/s" if value < 1_000_000 else f"{value / 1_000_000:.3g}M/s"
    return f"{value:.3g}/s"


def duration(seconds: float | None) -> str:
    """A latency as people read it; a dash for none."""
    if seconds is None:
        return "–"
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms"
