"""One HTTP exchange on the ASGI side: reading the body, sending an answer or a stream, the faults that show in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from simulator.api.answer import Answer
from simulator.api.faults import CutFault, Fault, SilenceFault, SlowFault
from simulator.api.resources import watching
from simulator.errors import ApiError
from simulator.tasks import Tasks

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class ClientGone(Exception):
    """The client left before it had sent its request."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises ``ApiError`` (413) when it is too long, ``ClientGone``."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            said = f"Request entity too large: limit is {limit}"
            raise ApiError(413, "RequestEntityTooLarge", said, {})
        if not message.get("more_body"):
            return b"".join(pieces)


class Exchange:
    """The answering half of one request: headers, body or stream, and the faults that show in it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, tasks: Tasks) -> None:
        self._abort: Callable[[], None] | None = scope.get("extensions", {}).get("simulator.abort")
        self._receive = receive
        self._send = send
        self._tasks = tasks
        self.close: Callable[[], None] | None = None

    async def respond(self, method: str, answer: Answer, headers: list[tuple[str, str]], fault: Fault | None) -> None:
        if isinstance(fault, SilenceFault):
            await self._until_gone()
            return
        raw = [(name.lower().encode("latin-1"), value.encode("utf-8", "replace")) for name, value in headers]
        body = b"" if method == "HEAD" else answer.body
        if answer.stream is None:
            raw.append((b"content-length", str(len(answer.body)).encode()))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": raw})
        if answer.stream is not None:
            await self._stream(answer, fault)
        elif isinstance(fault, CutFault):
            await self._break(body[: len(body) // 2])
        elif isinstance(fault, SlowFault):
            await self._slowly(body, fault)
        else:
            await self._piece(body, more=False)

    async def _stream(self, answer: Answer, fault: Fault | None) -> None:
        assert answer.stream is not None
        watcher = self._tasks.start(self._closing(answer.close), "a watch's reader")
        try:
            async for piece in answer.stream:
                if isinstance(fault, SlowFault):
                    await self._pieces(piece, fault)
                else:
                    await self._piece(piece)
            await self._piece(b"", more=False)
        except watching.Cut as cut:
            await self._break(cut.rest)
        except watching.Silent:
            await watcher
        finally:
            watcher.cancel()
            if isinstance(answer.stream, AsyncGenerator):
                await answer.stream.aclose()  # now, not when it is collected: it counts as an open watch

    async def _closing(self, close: Callable[[], None] | None) -> None:
        await self._until_gone()
        if close is not None:
            close()

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _slowly(self, body: bytes, fault: SlowFault) -> None:
        await self._pieces(body, fault)
        await self._piece(b"", more=False)

    async def _pieces(self, body: bytes, fault: SlowFault) -> None:
        for start in range(0, len(body), fault.size):
            await self._piece(body[start : start + fault.size])
            await asyncio.sleep(fault.pause)

    async def _break(self, rest: bytes) -> None:
        """Send a part, then break the connection without ending the answer."""
        await self._piece(rest)
        if self._abort is None:
            raise ConnectionResetError("cut by a fault")
        self._abort()

    async def _piece(self, piece: bytes, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})
