"""Event streams end at once when the Admin does: uvicorn tells its streams nothing of a shutdown, so we do."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.tasks import Tasks


class Ending:
    """When `ending` is set, whoever streams events hears that its client has gone; ordinary requests run to their
    end."""

    def __init__(self, app: ASGIApp, ending: asyncio.Event) -> None:
        self._app = app
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        streaming = asyncio.Event()
        whole = False

        async def send_noting(message: Message) -> None:
            nonlocal whole
            if message["type"] == "http.response.start" and is_event_stream(message):
                streaming.set()
            whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        async def receive_or_end() -> Message:
            tasks = Tasks()
            try:
                came = tasks.start(_receive(receive), "the client's next message")
                ended = tasks.start(self._ended(streaming), "the Admin's end")
                await asyncio.wait((came, ended), return_when=asyncio.FIRST_COMPLETED)
                return came.result() if came.done() else {"type": "http.disconnect"}
            finally:
                await tasks.close()

        await self._app(scope, receive if _brings_body(scope) else receive_or_end, send_noting)
        if streaming.is_set() and self._ending.is_set() and not whole:
            # Starlette's StreamingResponse leaves a stream whose client has gone as it is; this client has not
            await send({"type": "http.response.body", "body": b""})

    async def _ended(self, streaming: asyncio.Event) -> None:
        await streaming.wait()
        await self._ending.wait()


async def _receive(receive: Receive) -> Message:
    return await receive()


def _brings_body(scope: Scope) -> bool:
    """Requests with bodies are never streams; their many messages need no second thought."""
    return scope["method"] not in ("GET", "HEAD")


def is_event_stream(message: Message) -> bool:
    """Whether this response start begins server-sent events."""
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message.get("headers", ())
    )
