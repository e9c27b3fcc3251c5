"""A worker on real sockets, and the pods behind it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from edge.gateway.launch import Launch
from edge.gateway.listening import ListenAddress
from edge.gateway.settings import Settings
from edge.gateway.worker import Worker
from edge.wire.content import Content
from edge.wire.frames import FrameChannel
from edge.wire.hub import Hub
from edge.wire.messages import Report
from tests.gateway.serving import content

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
MEGABYTES = 10


@contextlib.asynccontextmanager
async def endpoint(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback; gives its address:port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=2**20)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@contextlib.asynccontextmanager
async def worker(*addresses: str, number: int = 1, **settings: Any) -> AsyncIterator[tuple[Worker, int]]:
    """A worker in this process that serves `addresses`, and its port; drained at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    running = Worker(Settings(**{"drain_timeout": 0.5, **settings}), random.Random(1))
    await running.listen([listener])
    assert not running.serving.apply(content(*addresses, number=number))
    try:
        yield running, port
    finally:
        await running.drain()


async def answer_to(port: int, request: bytes) -> bytes:
    """Send a request on a connection of its own and read one answer with a Content-Length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    try:
        writer.write(request)
        return await read_answer(reader)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


async def pod(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request with ok."""
    while True:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends the body back while it comes."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"transfer-encoding: chunked" in head:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        size = -1
        while size:
            size = int(await reader.readline(), 16)
            data = await reader.readexactly(size + 2)
            writer.write(b"%x\r\n%b" % (size, data))
            await writer.drain()
        return
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
    while length:
        data = await reader.read(65536)
        length -= len(data)
        writer.write(data)
        await writer.drain()


class Process:
    """A worker as the agent starts it, with a hub at the other end of its channel."""

    def __init__(self, served: Content) -> None:
        self.reported = asyncio.Event()
        self.hub = Hub(on_report=self._on_report)
        for state in served.sources.values():
            self.hub.publish_source(state)
        self.hub.publish_manifest(served.manifest, served.documents)
        self._target = served.manifest.revision

    def _on_report(self, _: str, report: Report) -> None:
        if report.manifest == self._target:
            self.reported.set()

    async def start(self, *, own: tuple[ListenAddress, ...] = (), **settings: Any) -> None:
        ours, theirs = socket.socketpair()
        with socket.create_server(("127.0.0.1", 0)) as listener, theirs:
            self.port = listener.getsockname()[1]
            told = Launch(0, theirs.fileno(), (listener.fileno(),), Settings(**settings), own)
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "edge.gateway.process", told.argument(),
                pass_fds=(theirs.fileno(), listener.fileno()), stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        self.channel = FrameChannel(ours)
        self.served = asyncio.get_running_loop().create_task(self.hub.serve(self.channel, "p1", "worker 0"))
        await self.reported.wait()
