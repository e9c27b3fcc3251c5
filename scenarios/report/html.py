"""One self-contained page: a summary, and for every run its steps and a timeline of lanes as inline SVG.

All lanes share one axis, so that one look shows where time went: steps with faults, the requests that Kubernetes' API
got from Edge, endpoints in Kubernetes, the Admin and each gateway, and traffic with its errors and latency. No script,
no font, nothing from elsewhere; `<title>` elements explain every mark under the pointer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from html import escape

from scenarios.observers import REQUESTS
from scenarios.report.lanes import Interval, numbers, per_interval
from scenarios.runner import STEPS, Result
from scenarios.timeline import Event, Outcome

WIDTH, LEFT, LANE = 1100, 190, 46
STYLE = """
:root{color-scheme:light dark;--line:#8886;--good:#1a7f37;--bad:#c62828;--ink:#1f6feb;--soft:#8883}
body{font:14px/1.5 system-ui,sans-serif;max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2.5rem 0 .25rem}p{margin:.25rem 0}
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem .2rem 0;text-align:left;vertical-align:top}
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.held{color:var(--good)}.failed,.error{color:var(--bad)}.skipped{opacity:.65}
pre{margin:.2rem 0;white-space:pre-wrap;color:var(--bad);font:12px/1.4 ui-monospace,monospace}
svg{width:100%;height:auto;font:11px system-ui,sans-serif;margin:.75rem 0}svg text{fill:currentColor}
.frame{stroke:var(--line)}.step{fill:var(--ink);opacity:.75}.wrong{fill:var(--bad)}
.curve{fill:none;stroke:var(--ink);stroke-width:1.5}.area{fill:var(--soft)}.dim{opacity:.6}
summary{cursor:pointer}
"""
SIGNS = {"held": "✓", "failed": "✗", "error": "✗", "skipped": "–", "running": "…"}


def render(results: Sequence[Result]) -> str:
    """The page."""
    count = {state: sum(r.state == state for r in results) for state in ("held", "failed", "error", "skipped")}
    said = ", ".join(f"{number} {state}" for state, number in count.items() if number)
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><title>Edge scenarios</title>',
        f"<style>{STYLE}</style><h1>Edge scenarios: {escape(said)}</h1>",
        "<table>",
        *(_row(index, result) for index, result in enumerate(results)),
        "</table>",
        *(_run(index, result) for index, result in enumerate(results)),
        "</html>",
    ]
    return "\n".join(parts)


def _row(index: int, result: Result) -> str:
    return (
        f'<tr class="{result.state}"><td>{SIGNS[result.state]} <a href="#run-{index}">{escape(result.case.title)}</a>'
        f'<td>{escape(result.reason)}<td class="n">{result.seconds:.2f} s</tr>'
    )


def _run(index: int, result: Result) -> str:
    rows = "\n".join(_outcome(outcome) for outcome in result.outcomes)
    logs = "".join(
        f"<details><summary>log of {escape(name)}</summary><pre>{escape(text)}</pre></details>"
        for name, text in result.logs.items()
        if text and result.state in ("failed", "error")
    )
    return (
        f'<h2 id="run-{index}" class="{result.state}">{SIGNS[result.state]} {escape(result.case.title)}</h2>'
        f'<p class="dim">{escape(str(result.case.path))} on {escape(result.target)}, seed {result.seed}</p>'
        f"<p>{escape(result.case.scenario.about)}</p>{_svg(result)}"
        f"<details open><summary>{len(result.outcomes)} steps</summary><table>{rows}</table></details>{logs}"
    )


def _outcome(outcome: Outcome) -> str:
    bad = outcome.state in ("failed", "error")
    why = f"<pre>{escape(outcome.explain())}</pre>" if bad else ""
    return (
        f'<tr><td class="n">{outcome.started:.2f} s<td class="{outcome.state}">{SIGNS[outcome.state]}'
        f'<td>{escape(outcome.title)}{why}<td class="n">{outcome.seconds:.2f} s</tr>'
    )


class _Drawing:
    """Lanes from top to bottom on one axis of time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = max(seconds, 0.1)
        self._parts: list[str] = []
        self.top = 8.0

    def x(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT - 8) * min(max(at, 0.0), self._seconds) / self._seconds

    def add(self, part: str) -> None:
        self._parts.append(part)

    def lane(self, name: str, note: str, height: float, draw: Callable[[float], None]) -> None:
        """A lane with its name and what its top means at the left; `draw` gets the top."""
        self.add(f'<text x="0" y="{self.top + 14:.0f}">{escape(name)}</text>')
        self.add(f'<text class="dim" x="0" y="{self.top + 28:.0f}">{escape(note)}</text>')
        draw(self.top)
        self.top += height
        self.add(f'<line class="frame" x1="{LEFT}" x2="{WIDTH}" y1="{self.top:.1f}" y2="{self.top:.1f}"/>')
        self.top += 8

    def axis(self) -> None:
        step = next(s for s in (0.5, 1, 2, 5, 10, 30, 60, 120, 600, 3600, 86400) if self._seconds / s <= 14)
        moment = 0.0
        while moment <= self._seconds:
            x = self.x(moment)
            self.add(
                f'<line class="frame" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{self.top:.0f}" stroke-dasharray="1 4"/>'
            )
            self.add(f'<text class="dim" x="{x + 2:.1f}" y="{self.top + 10:.0f}">{moment:g} s</text>')
            moment += step
        self.top += 16

    def svg(self) -> str:
        body = "\n".join(self._parts)
        return f'<svg viewBox="0 0 {WIDTH} {self.top:.0f}" role="img" aria-label="timeline">{body}</svg>'


def _svg(result: Result) -> str:
    events = sorted(result.timeline.events, key=lambda event: event.at)
    drawing = _Drawing(result.seconds)
    steps = [event for event in events if event.lane == STEPS]
    drawing.lane("steps", "", 34, lambda top: _spans(drawing, steps, top))
    if requests := [event for event in events if event.lane == REQUESTS]:
        drawing.lane(REQUESTS, f"{len(requests)}, red: refused", 30, lambda top: _marks(drawing, requests, top))
    for name, points in numbers(events).items():
        most = max(value for _, value in points)
        drawing.lane(name, f"up to {most:g}", LANE, functools.partial(_curve, drawing, points, most, result.seconds))
    for name, samples in result.traffic.items():
        _traffic(drawing, name, per_interval(samples, max(0.1, result.seconds / 200)), max(0.1, result.seconds / 200))
    drawing.axis()
    return drawing.svg()


def _spans(drawing: _Drawing, events: list[Event], top: float) -> None:
    for number, event in enumerate(events):
        x, width = drawing.x(event.at), max(2.0, drawing.x(event.at + event.seconds) - drawing.x(event.at))
        kind = "step wrong" if event.bad else "step"
        y = top + 2 + 10 * (number % 3)
        title = f"<title>{event.at:.2f} s, {event.seconds:.2f} s: {escape(event.text)}</title>"
        drawing.add(f'<rect class="{kind}" x="{x:.1f}" y="{y:.0f}" width="{width:.1f}" height="8">{title}</rect>')


def _marks(drawing: _Drawing, events: list[Event], top: float) -> None:
    for event in events:
        kind = "step wrong" if event.bad else "step"
        title = f"<title>{event.at:.2f} s: {escape(event.text)}</title>"
        drawing.add(
            f'<rect class="{kind}" x="{drawing.x(event.at):.1f}" y="{top + 4}" width="2" height="20">{title}</rect>'
        )


def _curve(drawing: _Drawing, points: list[tuple[float, float]], most: float, end: float, top: float) -> None:
    """A number that stays until it changes."""
    scale = (LANE - 6) / max(most, 1)
    path, last = "", 0.0
    for at, value in points:
        x = drawing.x(at)
        path += (
            f"{'L' if path else 'M'}{x:.1f} {top + LANE - last * scale:.1f}L{x:.1f} {top + LANE - value * scale:.1f}"
        )
        last = value
    drawing.add(f'<path class="curve" d="{path}L{drawing.x(end):.1f} {top + LANE - last * scale:.1f}"/>')


def _traffic(drawing: _Drawing, name: str, pieces: list[Interval], length: float) -> None:
    if not pieces:
        return
    most = max(piece.answers for piece in pieces)
    slowest = max(piece.p99 for piece in pieces)
    errors = sum(piece.errors for piece in pieces)

    def rate(top: float) -> None:
        for piece in pieces:
            x, width = drawing.x(piece.at), max(1.0, drawing.x(piece.at + length) - drawing.x(piece.at) - 0.5)
            for kind, number in (("area", piece.answers), ("wrong", piece.errors)):
                high = (LANE - 6) * number / max(most, 1)
                if number:
                    title = f"<title>{piece.at:.2f} s: {piece.answers} answers, {piece.errors} errors</title>"
                    y, high = top + LANE - max(high, 2), max(high, 2)
                    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{high:.1f}"'
                    drawing.add(f'<rect class="{kind}" {place}>{title}</rect>')

    def latency(top: float) -> None:
        points = [(piece.at, piece.p99 * 1000) for piece in pieces]
        _curve(drawing, points, max(slowest * 1000, 1), pieces[-1].at + length, top)

    drawing.lane(f"traffic {name}", f"{most / length:.0f}/s, {errors} errors", LANE, rate)
    drawing.lane(f"latency {name}", f"p99 up to {slowest * 1000:.1f} ms", LANE, latency)
