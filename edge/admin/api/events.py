"""Server-sent events (HTML Living Standard, section 9.2): what happened, as it happens.

Each event is `id: NUMBER`, `data: {"id", "revision"}` and
`event: application|upstream|kubernetes-cluster|gateway-server|endpoint-health|release`.
`Last-Event-ID` resumes after an event; when what came in between is no longer kept, the first event is `reset` and the
watcher reads again what it shows. A comment every HEARTBEAT seconds keeps the connection known to be alive, and is
when it is asked whether the watcher may still watch. A watcher that reads slowly is written to slowly: what waits for
it is a number, not a queue, so it can neither cost memory nor hold up anybody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge.admin.api.authentication import authenticate
from edge.admin.errors import AdminError
from edge.admin.events import Event, Events
from edge.tasks import Tasks

if TYPE_CHECKING:
    from edge.admin.admin import Admin

HEARTBEAT = 15.0
RETRY = 2_000  # milliseconds a browser waits before it connects again
_BEAT = b": still here\n\n"


class EventStream(Response):
    """The answer that follows `events` after number `after` (None: from now on) until the watcher leaves, or `allowed`
    (called with every heartbeat) raises an AdminError."""

    media_type = "text/event-stream"

    def __init__(
        self,
        events: Events,
        after: int | None = None,
        allowed: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._seen = events.last if after is None else after
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        tasks = Tasks()
        try:
            ends = (
                tasks.start(self._follow(send), "events"),
                tasks.start(_gone(receive), "events: the watcher"),
            )
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await tasks.close()
        await send({"type": "http.response.body", "body": b""})

    async def _follow(self, send: Send) -> None:
        await self._write(send, f"retry: {RETRY}\n\n".encode())
        while True:
            event = await self._next()
            if event is not None:
                self._seen = event.number
                await self._write(send, encode(event))
            elif await self._may_go_on():
                await self._write(send, _BEAT)
            else:
                return

    async def _next(self) -> Event | None:
        """The next event, or None when a heartbeat is due."""
        try:
            async with asyncio.timeout(HEARTBEAT):
                async for event in self._events.watch(self._seen):
                    return event
        except TimeoutError:
            pass
        return None

    async def _may_go_on(self) -> bool:
        if self._allowed is None:
            return True
        try:
            await self._allowed()
        except AdminError as error:
            # a database that is away for a moment is no reason to send anybody away
            return error.status == 503
        return True

    @staticmethod
    async def _write(send: Send, content: bytes) -> None:
        await send({"type": "http.response.body", "body": content, "more_body": True})


def encode(event: Event) -> bytes:
    """The event as the stream writes it."""
    data = msgspec.json.encode({"id": event.id, "revision": event.revision}).decode()
    return f"id: {event.number}\nevent: {event.kind}\ndata: {data}\n\n".encode()


def last_event_id(request: Request) -> int | None:
    """Where to resume; a number that was never an event's reads as the beginning, which answers `reset`."""
    text = request.headers.get("last-event-id")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def events_endpoint(admin: Admin) -> Callable[[Request], Awaitable[Response]]:
    """GET /api/v1/events."""

    async def endpoint(request: Request) -> Response:
        await authenticate(admin, request.headers)

        async def allowed() -> object:
            return await authenticate(admin, request.headers)

        return EventStream(admin.events, last_event_id(request), allowed)

    return endpoint


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
