"""What the gateways of an application were asked in the last minutes: for its charts and the API."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.drafts import drafting
from edge.admin.gateways.traffic_ring import STEP, Numbers
from edge.admin.service import Service
from edge.admin.views import EndpointTraffic, TrafficPoint, TrafficView
from edge.wire import messages

SHOWN = 50
"""Endpoints in an answer: those with the most requests."""


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
                    points=_points(places, bins),
                )
                for (upstream, endpoint), bins in list(found.items())[:SHOWN]
            ],
            more=max(0, len(found) - SHOWN),
        )


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
