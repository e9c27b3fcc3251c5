"""An httpx transport straight into the simulator, in one event loop: no sockets, no threads, no TLS.

    async with httpx.AsyncClient(transport=MemoryTransport(application), base_url="https://kubernetes.default.svc") …

A stream is a stream: each piece the server sends is handed over when the client asks for the next one, and the server
waits until it was taken, so nothing is buffered and a slow reader slows its server. Closing or cancelling a request
tells the server that its client is gone and ends the server's task. httpx's read timeout holds for each piece, on the
loop's clock, so a silent server is noticed in virtual time too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from simulator.access.authentication import Peer
from simulator.tasks import Tasks

if TYPE_CHECKING:
    import simulator.api.application

Message = dict[str, Any]

GRACE_SECONDS = 1.0
"""How long a server that is stopped waits for its readers."""


class Application(Protocol):
    async def __call__(self, scope: Message, receive: Any, send: Any) -> None: ...


class MemoryTransport(httpx.AsyncBaseTransport):
    """`reachable` says whether anything listens for a URL's host and port; `peer` is the client's certificate."""

    def __init__(
        self,
        application: Application,
        *,
        peer: Peer | None = None,
        reachable: Callable[[httpx.URL], bool] = lambda url: True,
    ) -> None:
        self._application = application
        self._peer = peer
        self._reachable = reachable
        self._tasks = Tasks()
        self._open: dict[_Conversation, None] = {}

    @property
    def open_requests(self) -> int:
        """Requests whose answer has not been read to its end or closed."""
        return len(self._open)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._reachable(request.url):
            raise httpx.ConnectError("All connection attempts failed", request=request)
        body = await request.aread()
        timeout = request.extensions.get("timeout", {}).get("read")
        conversation = _Conversation(request, body, timeout)
        self._open[conversation] = None
        scope = _scope(request, self._peer, conversation.abort)
        served = self._application(scope, conversation.receive, conversation.send)
        conversation.task = self._tasks.start(conversation.serve(served), f"memory {request.method} {request.url.path}")
        conversation.task.add_done_callback(lambda _: self._open.pop(conversation, None))
        try:
            status, headers = await conversation.head()
        except BaseException:
            await conversation.leave()
            raise
        return httpx.Response(status, headers=headers, stream=conversation, request=request)

    def abort(self) -> None:
        """Break every open request off, as a crash of the server does."""
        for conversation in tuple(self._open):
            conversation.abort()

    async def finish(self) -> None:
        """Wait for a moment until what is being answered was read; what is not is broken off."""
        waiting = [conversation.task for conversation in self._open]
        if waiting:
            await asyncio.wait(waiting, timeout=GRACE_SECONDS)
        self.abort()

    async def aclose(self) -> None:
        for conversation in tuple(self._open):
            await conversation.leave()
        await self._tasks.close()


class MemoryServer:
    """Stands where an `ApiServer` stands when nothing listens: the same life, and transports instead of a port."""

    def __init__(self, application: simulator.api.application.Application, host: str, port: int) -> None:
        self.application = application
        self.host = host
        self.port = port
        self.running = False
        self._transports: dict[MemoryTransport, None] = {}

    def transport(self, peer: Peer | None = None) -> MemoryTransport:
        made = MemoryTransport(self.application, peer=peer, reachable=self._reaches)
        self._transports[made] = None
        return made

    def _reaches(self, url: httpx.URL) -> bool:
        return self.running and url.host == self.host

    async def start(self) -> None:
        self.running = True

    async def stop(self, crash: bool = False) -> None:
        """End open watches cleanly, or, after a ``crash``, break every request off."""
        self.running = False
        if crash:
            self.drop()
        self.application.close_streams()
        for transport in list(self._transports):
            await transport.finish()

    def drop(self) -> None:
        for transport in self._transports:
            transport.abort()


class _Conversation(httpx.AsyncByteStream):
    """One request and its answer: a hand-over of one message between the server's task and the client's."""

    def __init__(self, request: httpx.Request, body: bytes, timeout: float | None) -> None:
        self.task: asyncio.Task[None]
        self._request = request
        self._body: bytes | None = body
        self._timeout = timeout
        self._message: Message | None = None
        self._given = asyncio.Event()
        self._taken = asyncio.Event()
        self._gone = asyncio.Event()
        self._ended = False
        self._broken = False

    # the server's side

    async def serve(self, served: Any) -> None:
        try:
            await served
        except ConnectionError:
            self._broken = True
        finally:
            self._ended = True
            self._given.set()

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._gone.is_set() or self._broken:
            return
        if message["type"] == "http.response.body" and not message.get("body") and message.get("more_body"):
            return
        self._message = message
        self._taken.clear()
        self._given.set()
        await self._taken.wait()

    def abort(self) -> None:
        """Break off what has not been taken; the client sees a connection that ended too early."""
        self._broken = True
        self._gone.set()
        self._taken.set()
        self._given.set()

    # the client's side

    async def head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        message = await self._next()
        if message is None:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=self._request)
        return message["status"], list(message.get("headers", ()))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._next()
            if message is None:
                text = "peer closed connection without sending complete message body (incomplete chunked read)"
                raise httpx.RemoteProtocolError(text, request=self._request)
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body"):
                return

    async def aclose(self) -> None:
        await self.leave()

    async def leave(self) -> None:
        """The client is gone: the server is told, then its task ends."""
        self._gone.set()
        self._taken.set()
        if not self.task.done():
            self.task.cancel()
            await asyncio.wait({self.task})

    async def _next(self) -> Message | None:
        """The next message, None when the server ended or broke off instead."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._given.wait()
        except TimeoutError:
            raise httpx.ReadTimeout("nothing came within the read timeout", request=self._request) from None
        message, self._message = self._message, None
        if not self._ended and not self._broken:
            self._given.clear()
        self._taken.set()
        return message


def _scope(request: httpx.Request, peer: Peer | None, abort: Callable[[], None]) -> Message:
    target, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": target,
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "extensions": {"simulator.peer": peer, "simulator.abort": abort},
    }
