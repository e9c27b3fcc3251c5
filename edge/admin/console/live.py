"""Tells a page that something it shows has changed; the page then fetches its live parts again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from edge.admin.console.visit import Visit
from edge.admin.errors import BadRequest
from edge.admin.events import Event, Events
from edge.tasks import Tasks

_MOST_WATCHED = 200
_HEARTBEAT = 15.0
_QUIET = 0.1


def watches(wanted: frozenset[str], event: Event) -> bool:
    """Whether `event` matters to a page that watches `wanted`, such as {"upstream:ID", "gateway-server"}."""
    return event.kind == "reset" or event.kind in wanted or f"{event.kind}:{event.id}" in wanted


async def stream(visit: Visit) -> Response:
    """Server-sent `news` events: at once, then at most every 100 ms, so that a storm of changes is one fetch."""
    wanted = visit.request.query_params.getlist("watch")
    if len(wanted) > _MOST_WATCHED:
        raise BadRequest(f"a page watches at most {_MOST_WATCHED} things")
    return StreamingResponse(
        _news(visit.admin.events, frozenset(wanted)),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _news(events: Events, wanted: frozenset[str]) -> AsyncIterator[bytes]:
    yield b": watching\n\n"
    watching, tasks = events.watch(), Tasks()
    upcoming = tasks.start(_next(watching), "next event")
    try:
        while True:
            done, _ = await asyncio.wait([upcoming], timeout=_HEARTBEAT)
            if not done:
                yield b": still here\n\n"
                continue
            event = upcoming.result()
            upcoming = tasks.start(_next(watching), "next event")
            if watches(wanted, event):
                yield b"event: news\ndata: {}\n\n"
                await asyncio.sleep(_QUIET)
    finally:
        await tasks.close()


async def _next(watching: AsyncIterator[Event]) -> Event:
    return await anext(watching)
