"""Traffic of an application: what its gateways were asked in the last minutes, as charts and as tables."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from edge.admin.console import applications, charts
from edge.admin.console.charts import Chart, Mark
from edge.admin.console.rendering import moment
from edge.admin.console.visit import Visit
from edge.admin.views import TrafficPoint, TrafficView

CLASSES = (("2xx", 1), ("3xx", 2), ("1xx", 0), ("4xx", 3), ("5xx", 4))
"""Status classes from the bottom of the chart to its top, and where they stand in a point."""
_NOW = 12
"""Steps of which the numbers at the top are made: a minute."""
_LOWEST_RATE, _LOWEST_LATENCY = 1.0, 0.001


async def show(visit: Visit) -> Response:
    application = await applications.current(visit)
    traffic = await visit.admin.traffic.get(visit.actor, application.id)
    return visit.page(
        "traffic.html",
        watch=applications.watch(application),
        application=application,
        traffic=traffic,
        busy=any(point.rate for point in traffic.points),
        now=summary(traffic.points[-_NOW:]),
        charts=[rate_chart(traffic), latency_chart(traffic)],
        endpoints=_rows(traffic),
        minutes=[
            {"at": part[0].at, **summary(part)}
            for part in reversed(
                [traffic.points[place : place + _NOW] for place in range(0, len(traffic.points), _NOW)]
            )
        ],
    )


def summary(points: Sequence[TrafficPoint]) -> dict[str, Any]:
    """Some steps as one: mean rates, the median of p50 and the highest p99."""
    count = max(len(points), 1)
    rate = sum(point.rate for point in points) / count
    classes = {label: sum(point.classes[place] for point in points) / count for label, place in CLASSES}
    return {
        "rate": rate,
        "classes": classes,
        "failed": classes["5xx"] / rate if rate else 0.0,
        "p50": statistics.median([point.p50 for point in points if point.p50 is not None] or [0.0]) if rate else None,
        "p99": max((point.p99 for point in points if point.p99 is not None), default=None),
    }


def rate_chart(traffic: TrafficView) -> Chart:
    """Requests a second by status class, upon each other."""
    rates = [point.rate for point in traffic.points]
    end = charts.top(max(rates, default=0.0), _LOWEST_RATE)
    rows = [[point.classes[place] for point in traffic.points] for _, place in CLASSES]
    marks = [
        Mark(label, f"c{label}", path)
        for (label, _), path in zip(CLASSES, charts.stacked(rows, end), strict=True)
        if path
    ]
    return Chart(
        "rate",
        "Requests a second by status class",
        _told("requests a second", traffic.points, rates, charts.per_second),
        marks,
        [charts.per_second(end), charts.per_second(end / 2), "0"],
        _times(traffic),
    )


def latency_chart(traffic: TrafficView) -> Chart:
    """The latencies that half and 99 of 100 requests stayed within."""
    slow = [point.p99 for point in traffic.points]
    fast = [point.p50 for point in traffic.points]
    end = charts.top(max((value for value in slow if value is not None), default=0.0), _LOWEST_LATENCY)
    return Chart(
        "latency",
        "Latency",
        _told("p99", traffic.points, slow, charts.duration),
        [Mark("p99", "p99", charts.line(slow, end)), Mark("p50", "p50", charts.line(fast, end))],
        [charts.duration(end), charts.duration(end / 2), "0"],
        _times(traffic),
    )


def _told(what: str, points: Sequence[TrafficPoint], values: Sequence[float | None], written: Any) -> str:
    known = [(value, point) for value, point in zip(values, points, strict=True) if value]
    if not known:
        return "There were no requests."
    highest, when = max(known, key=lambda one: one[0])
    value, last = known[-1]
    return (
        f"The highest {what} was {written(highest)} at {moment(when.at)} UTC, "
        f"the latest {written(value)} at {moment(last.at)} UTC."
    )


def _times(traffic: TrafficView) -> list[str]:
    middle = traffic.begins + (traffic.ends - traffic.begins) / 2
    return [moment(one)[:5] for one in (traffic.begins, middle, traffic.ends)]


def _rows(traffic: TrafficView) -> list[dict[str, Any]]:
    """The endpoints' rows. Their small charts have one scale, so that they can be compared."""
    points = [point for endpoint in traffic.endpoints for point in endpoint.points]
    rate = max((point.rate for point in points), default=0.0) or 1.0
    slow = max((point.p99 or 0.0 for point in points), default=0.0) or 1.0
    return [
        {
            "of": endpoint,
            "failed": endpoint.classes[4] / endpoint.rate if endpoint.rate else 0.0,
            "rates": charts.stacked([[point.rate for point in endpoint.points]], rate)[0],
            "latencies": charts.line([point.p99 for point in endpoint.points], slow),
        }
        for endpoint in traffic.endpoints
    ]
