"""What the gateways of an application were asked in the last minutes: for its charts and the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.drafts import drafting
from edge.admin.gateways.traffic_ring import STEP, Numbers
from edge.admin.service import Service
from edge.admin.views import EndpointTraffic, TrafficPoint, TrafficView
from edge.wire import messages

Key: TypeAlias = tuple[str, str]
"""(upstream, endpoint)."""

SHOWN = 50
"""Endpoints in an answer."""
WORST = 10
"""Of these, how many have a place because they failed most, and how many because they are slowest: among hundreds the
odd one is seldom asked most."""


class Traffic(Service):
    """The last quarter of an hour of every application, as its gateway servers tell; in memory only."""

    async def get(self, actor: Actor, application: str) -> TrafficView:
        """An application's requests. NotFound when there is no such application."""
        actor.require("viewer", "read traffic")

        def unit(session: Session) -> dict[str, str]:
            _, draft = drafting.load(session, application)
            return {upstream.id: upstream.name for upstream in draft.upstreams}

        return self._view(application, await self._work(unit))

    def told(self, server: str, traffic: messages.Traffic) -> None:
        """The hub's on_traffic."""
        live = self._admin.roster.get(server)
        if live is not None and live.report is not None:
            served = {entry.application: None for entry in live.report.applications}
            self._admin.traffic_ring.take(traffic, served, clock.unix())

    def _view(self, application: str, names: dict[str, str]) -> TrafficView:
        ring, now = self._admin.traffic_ring, clock.unix()
        places = ring.places(now)
        whole = ring.total(application, places)
        found = ring.endpoints(application, places)
        shown = selected(whole, list(found))
        return TrafficView(
            step=STEP,
            begins=_moment(places.start),
            ends=_moment(places.stop),
            points=_points(places, ring.of(application, places)),
            endpoints=[
                EndpointTraffic(
                    upstream=upstream,
                    name=names.get(upstream, ""),
                    endpoint=endpoint,
                    rate=round(whole[upstream, endpoint].rate, 3),
                    classes=[round(value, 3) for value in whole[upstream, endpoint].classes],
                    p50=whole[upstream, endpoint].p50,
                    p99=whole[upstream, endpoint].p99,
                    points=_points(places, found[upstream, endpoint]),
                )
                for upstream, endpoint in shown
            ],
            more=len(found) - len(shown),
        )


def selected(whole: Mapping[Key, Numbers], ordered: list[Key], most: int = SHOWN, worst: int = WORST) -> list[Key]:
    """Which of the endpoints that are `ordered` by their requests are shown, in that order: those with the most 5xx,
    those with the highest p99, and those with the most requests."""
    failing = [key for key in ordered if whole[key].classes[4]]
    failing.sort(key=lambda key: -whole[key].classes[4])
    slowest = sorted(ordered, key=lambda key: -(whole[key].p99 or 0.0))
    chosen = dict.fromkeys([*failing[:worst], *slowest[:worst], *ordered])
    kept = dict.fromkeys(list(chosen)[:most])
    return [key for key in ordered if key in kept]


def _moment(place: int) -> datetime:
    return datetime.fromtimestamp(place * STEP, UTC)


def _points(places: range, bins: list[Numbers]) -> list[TrafficPoint]:
    return [
        TrafficPoint(
            at=_moment(place),
            rate=round(one.rate, 3),
            classes=[round(value, 3) for value in one.classes],
            p50=one.p50,
            p99=one.p99,
        )
        for place, one in zip(places, bins, strict=True)
    ]
