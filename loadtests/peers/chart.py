"""CPU per request of every proxy and case as bars, in SVG written by hand: it needs no library and no script."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from loadtests.peers.proxies import EDGE
from loadtests.peers.results import Row

WIDTH, LEFT, RIGHT, BAR, GAP = 784, 234, 90, 18, 6
OURS, THEIRS = "#0b6e4f", "#9aa5b1"


def svg(cases: Mapping[str, Sequence[Row]], title: str) -> str:
    """One panel for each case, each with a scale of its own from 0."""
    body: list[str] = []
    top = 44
    for name, rows in cases.items():
        body.append(_text(12, top, name, weight="600"))
        top += 12
        body += _bars(rows, top)
        top += len(rows) * (BAR + GAP) + 26
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
            ' font-family="system-ui, sans-serif" font-size="13" fill="#1f2933">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>',
            _text(12, 22, title, weight="700"),
            *body,
            "</svg>\n",
        ]
    )


def _bars(rows: Sequence[Row], top: int) -> Iterator[str]:
    known = [row.per_request for row in rows if math.isfinite(row.per_request)]
    most = max(known, default=0.0) or 1.0
    for place, row in enumerate(rows):
        y = top + place * (BAR + GAP)
        finite = math.isfinite(row.per_request)
        length = (WIDTH - LEFT - RIGHT) * row.per_request / most if finite else 0.0
        colour = OURS if row.proxy == EDGE else THEIRS
        yield _text(LEFT - 8, y + 14, f"{row.proxy} {row.label}".strip(), anchor="end")
        yield f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>'
        yield _text(round(LEFT + length) + 6, y + 14, f"{row.per_request:.0f} µs" if finite else "no answer")


def _text(x: int, y: int, text: str, weight: str = "400", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-weight="{weight}" text-anchor="{anchor}">{escape(text)}</text>'
