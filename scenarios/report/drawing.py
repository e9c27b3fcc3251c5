"""Lanes on one axis of time, as HTML rows of inline SVG that fit any width.

Times are percentages of the lane's width, so that nothing is stretched on a telephone and nothing is cut off; a bar's
text is clipped by the bar. Every mark has a `<title>`, every lane a text alternative.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
TICKS = 10
LEAST = 0.25  # percent that a mark is wide at least, so that it can be seen
ROOM = 4.0  # percent that a bar must be wide to carry its text


class Axis:
    """`seconds` from left to right."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(seconds, 0.1)
        step = next((s for s in STEPS if self.seconds / s <= TICKS), self.seconds / TICKS)
        self.ticks = [step * number for number in range(int(self.seconds / step) + 1)]

    def x(self, at: float) -> float:
        """Percent from the left."""
        return 100 * min(max(at, 0.0), self.seconds) / self.seconds

    def width(self, at: float, seconds: float) -> float:
        """Percent that a span is wide; never too little to be seen, never beyond the right end."""
        return min(max(self.x(at + seconds) - self.x(at), LEAST), max(100 - self.x(at), LEAST))

    def grid(self, height: int) -> str:
        lines = (f'<line class="grid" x1="{x:.2f}%" x2="{x:.2f}%" y2="{height}"/>' for x in map(self.x, self.ticks))
        return "".join(lines)

    def row(self) -> str:
        """The axis itself: a lane of moments."""
        texts = "".join(
            f'<text class="at{" odd" if number % 2 else ""}" x="{self.x(at):.2f}%" y="11"'
            f' text-anchor="{"start" if number == 0 else "middle" if self.x(at) < 97 else "end"}">{at:g} s</text>'
            for number, at in enumerate(self.ticks)
        )
        return f'<div class="lane"><div></div><svg height="14" aria-hidden="true">{texts}</svg></div>'


class Lane:
    """One row: a name, a note below it, and marks. `summary` is what is read out instead of the marks."""

    def __init__(self, axis: Axis, name: str, height: int) -> None:
        self.axis, self.name, self.height = axis, name, height
        self.note = self.summary = ""
        self._marks: list[str] = []

    def bar(self, kind: str, at: float, seconds: float, top: float, height: float, title: str, text: str = "") -> None:
        """A span; with `text` written on it when there is room."""
        x, width = self.axis.x(at), self.axis.width(at, seconds)
        place = f'x="{x:.3f}%" y="{top:.1f}" width="{width:.3f}%" height="{height:.1f}"'
        self._marks.append(f'<rect class="{kind}" {place}><title>{escape(title)}</title></rect>')
        if text and width >= ROOM:
            on = "" if kind in ("area", "unreached") else ' class="on-bar"'
            words = f'<text{on} x="4" y="{height / 2 + 4:.1f}" pointer-events="none">{escape(text)}</text>'
            self._marks.append(f'<svg {place} pointer-events="none">{words}</svg>')

    def html(self) -> str:
        summary = f"{self.name}: {self.summary or self.note}"
        note = f"<small> {escape(self.note)}</small>" if self.note else ""
        return (
            f'<div class="lane"><div class="name">{escape(self.name)}{note}</div>'
            f'<svg height="{self.height}" role="img" aria-label="{escape(summary)}">'
            f"{self.axis.grid(self.height)}{''.join(self._marks)}</svg></div>"
        )


def rows_of(spans: Sequence[tuple[float, float]]) -> list[int]:
    """For each span (at, seconds) the first row in which it overlaps none before it."""
    ends: list[float] = []
    found = []
    for at, seconds in spans:
        row = next((number for number, end in enumerate(ends) if end <= at), len(ends))
        ends[row : row + 1] = [at + seconds]
        found.append(row)
    return found
