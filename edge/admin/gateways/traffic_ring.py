"""The last minutes of every application's requests, in memory: what gateways told, in bins of a few seconds.

Words. A *bin* is `STEP` seconds of wall time; a *cell* is what was counted in a bin for one (application, upstream,
endpoint). A gateway's report covers the seconds before it came, so it is spread over the bins that it overlaps, by
time: cells hold fractions.

Rules. Nothing is kept longer than `KEPT` bins, nothing survives a restart. Once a bin has
`CELLS` cells, further endpoints count in the rest of their upstream; once it has twice as many, further upstreams count
in the rest of their application. Cost: an idle application has no cells.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from edge.model.latency import BUCKETS, quantile
from edge.wire.messages import Series, Traffic

STEP = 5
"""Seconds of a bin."""
KEPT = 180
"""Bins: a quarter of an hour."""
CELLS = 1000
REST = ""
"""In place of an endpoint: what no endpoint that is there answered."""
_CLASSES = 5
_LONGEST = 60.0
"""Seconds that a report may cover."""
_NAME = 300

Cell: TypeAlias = "array[float]"
"""Requests by status class, then by bucket of latency."""


class Numbers(msgspec.Struct, frozen=True):
    """A bin of an application or of an endpoint: requests a second, those of status classes 1xx to 5xx, and the
    latencies that half and 99 of 100 stayed within, in seconds; None without requests."""

    rate: float = 0.0
    classes: tuple[float, ...] = (0.0,) * _CLASSES
    p50: float | None = None
    p99: float | None = None


QUIET = Numbers()


def _cell() -> Cell:
    return array("d", bytes(8 * (_CLASSES + len(BUCKETS) + 1)))


def _add(total: Cell, cell: Iterable[float], share: float = 1.0) -> None:
    for place, value in enumerate(cell):
        total[place] += value * share


def numbers(cell: Cell | None, seconds: float = STEP) -> Numbers:
    """A cell as people read it; `seconds` is the time it covers."""
    if cell is None:
        return QUIET
    classes = tuple(value / seconds for value in cell[:_CLASSES])
    latency = cell[_CLASSES:]
    return Numbers(sum(classes), classes, quantile(0.5, latency), quantile(0.99, latency))


class Ring:
    """All applications' bins. Times are Unix seconds."""

    def __init__(self) -> None:
        self._bins: dict[int, dict[str, dict[tuple[str, str], Cell]]] = {}
        self._cells: dict[int, int] = {}

    def __repr__(self) -> str:
        return f"<Ring bins={len(self._bins)} cells={sum(self._cells.values())}>"

    def take(self, traffic: Traffic, applications: Mapping[str, object], now: float) -> None:
        """What a gateway that serves these applications told. What makes no sense is left out: a gateway may be newer
        or mistaken, and nothing here is worth a connection."""
        if traffic.seconds <= 0:
            return
        seconds = min(traffic.seconds, _LONGEST)
        shares = _overlaps(now - seconds, now)
        known = tuple(traffic.bounds) == BUCKETS
        for series in traffic.series:
            if series.application in applications and _is_sound(series, len(traffic.bounds)):
                latency = series.latency if known else (0,) * (len(BUCKETS) + 1)
                for place, share in shares:
                    _add(self._at(place, series), (*series.classes, *latency), share)
        self._forget(now)

    def _at(self, place: int, series: Series) -> Cell:
        applications = self._bins.setdefault(place, {})
        cells = applications.setdefault(series.application, {})
        key = (series.upstream, series.endpoint)
        count = self._cells.get(place, 0)
        if key not in cells and series.endpoint != REST and count >= CELLS:
            key = (series.upstream, REST)
        if key not in cells and count >= 2 * CELLS:
            key = ("", REST)
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = _cell()
            self._cells[place] = count + 1
        return cell

    def _forget(self, now: float) -> None:
        oldest = int(now // STEP) - KEPT
        for place in [place for place in self._bins if place < oldest]:
            del self._bins[place]
            self._cells.pop(place, None)

    def places(self, now: float, count: int = KEPT) -> range:
        """The last whole bins; the one before the last report is still being told."""
        last = int((now - _LATE) // STEP)
        return range(last - count, last)

    def of(self, application: str, places: range) -> list[Numbers]:
        """An application's bins."""
        return [numbers(_sum(self._bins.get(place, {}).get(application, {}).values())) for place in places]

    def endpoints(self, application: str, places: range) -> dict[tuple[str, str], list[Numbers]]:
        """The bins of every (upstream, endpoint) that was asked in this time, those with most requests first."""
        here = [self._bins.get(place, {}).get(application, {}) for place in places]
        totals: dict[tuple[str, str], float] = {}
        for cells in here:
            for key, cell in cells.items():
                totals[key] = totals.get(key, 0.0) + sum(cell[:_CLASSES])
        ordered = sorted(totals, key=lambda key: (-totals[key], key))
        return {key: [numbers(cells.get(key)) for cells in here] for key in ordered}

    def total(self, application: str, places: range) -> dict[tuple[str, str], Numbers]:
        """Every (upstream, endpoint) over the whole time."""
        totals: dict[tuple[str, str], Cell] = {}
        for place in places:
            for key, cell in self._bins.get(place, {}).get(application, {}).items():
                _add(totals.setdefault(key, _cell()), cell)
        return {key: numbers(cell, len(places) * STEP) for key, cell in totals.items()}


_LATE = 3.0
"""Seconds after which what happened has been told by every gateway that is well."""


def _sum(cells: Iterable[Cell]) -> Cell | None:
    total: Cell | None = None
    for cell in cells:
        if total is None:
            total = _cell()
        _add(total, cell)
    return total


def _overlaps(begin: float, end: float) -> list[tuple[int, float]]:
    """The bins that a time overlaps, each with its share of it."""
    places = range(int(begin // STEP), int(end // STEP) + 1)
    shares = ((place, min(end, (place + 1) * STEP) - max(begin, place * STEP)) for place in places)
    return [(place, part / (end - begin)) for place, part in shares if part > 0]


def _is_sound(series: Series, bounds: int) -> bool:
    return (
        len(series.classes) == _CLASSES
        and len(series.latency) == bounds + 1
        and min(*series.classes, *series.latency) >= 0
        and len(series.upstream) <= _NAME
        and len(series.endpoint) <= _NAME
    )
