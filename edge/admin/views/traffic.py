"""What gateways counted of an application lately."""

from __future__ import annotations

from datetime import datetime

from edge.admin.views.common import View


class TrafficPoint(View, frozen=True, kw_only=True):
    """The time from `at` on: requests a second, those of status classes 1xx to 5xx, and the seconds that half and 99 of
    100 stayed within, null without requests."""

    at: datetime
    rate: float
    classes: list[float]
    p50: float | None
    p99: float | None


class EndpointTraffic(View, frozen=True, kw_only=True):
    """Requests that one endpoint was asked last, over the whole time and in each step. `upstream` is empty for what no
    upstream was asked; `endpoint` is HOST:PORT, `other` for all beyond what gateways count apart, and empty for what no
    endpoint that is there answered. `name` is the upstream's, empty when there is none with this id any more."""

    upstream: str
    name: str
    endpoint: str
    rate: float
    classes: list[float]
    p50: float | None
    p99: float | None
    points: list[TrafficPoint]


class TrafficView(View, frozen=True, kw_only=True):
    """What all gateway servers were asked for the application, in steps of `step` seconds. `endpoints` are those with
    the most requests, with the most 5xx and with the highest p99, `more` how many there are beyond them."""

    step: int
    begins: datetime
    ends: datetime
    points: list[TrafficPoint]
    endpoints: list[EndpointTraffic]
    more: int
