"""Tells a page that something it shows has changed; the page then fetches its live parts again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from edge.admin.console.visit import Visit
from edge.admin.errors import BadRequest
from edge.admin.events import Event, Events
from edge.admin.service import numeric_cursor
from edge.tasks import Tasks

_MOST_WATCHED = 200
_HEARTBEAT = 15.0
_QUIET = 0.1


def watches(wanted: frozenset[str], event: Event) -> bool:
    """Whether `event` matters to a page that watches `wanted`, such as {"upstream:ID", "gateway-server"}."""
    return event.kind == "reset" or event.kind in wanted or f"{event.kind}:{event.id}" in wanted


async def stream(visit: Visit) -> Response:
    """Server-sent `news` events: at once, then at most every 100 ms, so that a storm of changes is one fetch.

    `after` is the number of the last event before the page was read: what happened while it was on its way counts."""
    query = visit.request.query_params
    wanted = query.getlist("watch")
    if len(wanted) > _MOST_WATCHED:
        raise BadRequest(f"a page watches at most {_MOST_WATCHED} things")
    return StreamingResponse(
        news(visit.admin.events, frozenset(wanted), numeric_cursor(query.get("after"), visit.admin.events.last)),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def news(events: Events, wanted: frozenset[str], after: int) -> AsyncIterator[bytes]:
    """The stream's bytes, without end."""
    happened, tasks = asyncio.Event(), Tasks()
    tasks.start(_follow(events, wanted, after, happened), "a page's events")
    yield b": watching\n\n"
    try:
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await happened.wait()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            happened.clear()
            yield b"event: news\ndata: {}\n\n"
            await asyncio.sleep(_QUIET)
    finally:
        await tasks.close()


async def _follow(events: Events, wanted: frozenset[str], after: int, happened: asyncio.Event) -> None:
    async for event in events.watch(after):
        if watches(wanted, event):
            happened.set()
