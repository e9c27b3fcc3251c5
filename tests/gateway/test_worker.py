"""A worker on real sockets: streams, WebSockets, swaps, drains; and as the process that an agent starts."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect as websocket_connect
from websockets.asyncio.server import serve as websocket_serve

from edge.gateway.launch import Launch
from edge.gateway.listening import ListenAddress
from edge.gateway.metrics import Measures
from edge.gateway.settings import Settings
from edge.gateway.worker import Worker
from edge.model import Revision, SourceState
from edge.wire.content import Content
from edge.wire.frames import FrameChannel
from edge.wire.hub import Hub
from edge.wire.messages import Report
from tests.gateway.serving import SOURCE, content, endpoints

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


def test_the_worker_knows_nothing_that_would_make_it_heavy() -> None:
    """Imports are a worker's memory: no web framework, no database, no WebSocket library."""
    import subprocess

    program = "import sys, edge.gateway.worker; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"uvicorn", "starlette", "httpx", "sqlalchemy", "jinja2", "websockets", "cryptography", "h11"}
    assert heavy.isdisjoint(loaded)
    assert "uvloop" in loaded


@pytest.mark.parametrize("chunked", [False, True], ids=["by length", "in chunks"])
async def test_ten_megabytes_stream_through_in_both_directions_at_once(chunked: bool) -> None:
    block = bytes(range(256)) * 256
    count = MEGABYTES * 2**20 // len(block)
    async with endpoint(echo) as address, worker(address) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (count * len(block))
        writer.write(b"POST / HTTP/1.1\r\nHost: www.example.com\r\n%b\r\n\r\n" % framing)

        async def upload() -> None:
            for _ in range(count):
                writer.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
                await writer.drain()
            writer.write(b"0\r\n\r\n" if chunked else b"")

        sending = asyncio.get_running_loop().create_task(upload())
        assert b" 200 OK" in await reader.readuntil(b"\r\n\r\n")
        seen = hashlib.sha256()
        received = 0
        while received < count * len(block):
            if chunked:
                size = int(await reader.readline(), 16)
                data = (await reader.readexactly(size + 2))[:-2]
            else:
                data = await reader.read(65536)
            assert data
            received += len(data)
            seen.update(data)
        await sending
        assert seen.digest() == hashlib.sha256(block * count).digest()
        writer.close()


async def test_an_endpoint_is_read_no_faster_than_its_client_takes() -> None:
    written = 0
    stuck = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            written += 65536
            try:
                async with asyncio.timeout(0.3):
                    await writer.drain()
            except TimeoutError:
                stuck.set()
                await writer.drain()

    async with endpoint(flood) as address, worker(address) as (running, port):
        client = socket.create_connection(("127.0.0.1", port))
        client.send(GET)
        await stuck.wait()
        assert written < 100_000_000  # what kernel buffers take, far from all of it
        (connection,) = running.path.connections
        assert connection.transport.get_write_buffer_size() < 2 * running.path.settings.buffer_limit + 2**18
        client.close()


async def test_a_websocket_speaks_through_the_worker() -> None:
    async def echo_messages(connection: Any) -> None:
        async for message in connection:
            await connection.send(message)

    async with websocket_serve(echo_messages, "127.0.0.1", 0) as server:
        upstream = server.sockets[0].getsockname()[1]
        async with (
            worker(f"127.0.0.1:{upstream}") as (running, port),
            websocket_connect("ws://www.example.com/chat", host="127.0.0.1", port=port, proxy=None) as connection,
        ):
            for message in ("hello", b"\x00" * 1_000_000, "last"):
                await connection.send(message)
                assert await connection.recv() == message
            assert len(running.path.tunnels) == 1
        assert running.path.tunnels == {}
        assert running.path.counters.requests() == {"a1": {"u1": [1, 0, 0, 0, 0]}}


async def test_a_pod_that_closes_after_each_answer_fails_no_request() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with endpoint(once) as address, worker(address) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(200):
            writer.write(GET)
            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200 OK")
        for _ in range(50):
            writer.write(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 0\r\n\r\n")
            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200 OK")
            await asyncio.sleep(0)
        writer.close()


async def test_swaps_of_endpoints_and_releases_under_load_fail_no_request() -> None:
    async with endpoint(pod) as one, endpoint(pod) as two, worker(one) as (running, port):
        failed: list[bytes] = []
        answered = enough = 0
        progress = asyncio.Event()
        done = False

        async def ask() -> None:
            nonlocal answered
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while not done:
                writer.write(GET)
                answer = await read_answer(reader)
                answered += 1
                if answered >= enough:
                    progress.set()
                if not answer.endswith(b"\r\n\r\nok"):
                    failed.append(answer)
            writer.close()

        loop = asyncio.get_running_loop()
        clients = [loop.create_task(ask()) for _ in range(8)]
        for number in range(2, 152):
            served = (one, two) if number % 3 == 0 else (one,) if number % 3 == 1 else (two,)
            if number % 10:
                running.serving.apply_source(endpoints(*served, number=number))
            else:
                running.serving.apply(content(*served, number=number))
            enough = answered + 10
            progress.clear()
            await progress.wait()
        done = True
        await asyncio.gather(*clients)
        assert failed == []
        assert answered > 1500


async def test_refused_everywhere_is_502_and_gone_endpoints_503() -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{closed.getsockname()[1]}"
    closed.close()
    async with worker(address) as (running, port):
        assert (await answer_to(port, GET)).startswith(b"HTTP/1.1 502 ")
        running.serving.apply_source(endpoints(number=2))
        assert (await answer_to(port, GET)).startswith(b"HTTP/1.1 503 ")


async def test_a_name_that_cannot_be_looked_up_is_502() -> None:
    async with worker("no such name:80") as (_, port):
        assert (await answer_to(port, GET)).startswith(b"HTTP/1.1 502 ")


async def test_draining_finishes_what_is_in_flight_and_closes_the_idle() -> None:
    asked = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with endpoint(slow) as address, worker(address, drain_timeout=5) as (running, port):
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        idle_writer.write(GET.replace(b"www", b"unknown"))
        await read_answer(idle)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asked.wait()
        draining = asyncio.get_running_loop().create_task(running.drain())
        assert await idle.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        go_on.set()
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"\r\nconnection: close\r\n" in answer
        await draining
        for each in (writer, idle_writer):
            each.close()


async def test_connections_that_wait_in_the_listening_queue_are_answered_before_it_is_closed() -> None:
    async with endpoint(pod) as address, worker(address, drain_timeout=5) as (running, port):
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]  # the loop has no turn to accept
        for client in clients:
            client.setblocking(False)
            client.send(GET)
        await running.drain()
        for client in clients:
            answer = client.recv(65536)
            assert answer.endswith(b"ok")
            assert b"connection: close" in answer
            client.close()


async def test_what_does_not_end_within_the_drain_timeout_is_cut() -> None:
    asked = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    async with endpoint(never) as address, worker(address, drain_timeout=0.2) as (running, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asked.wait()
        await running.drain()
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        assert running.path.connections == {}
        writer.close()


async def test_measures_and_snapshot_are_told() -> None:
    async with endpoint(pod) as address, worker(address) as (running, port):
        await answer_to(port, GET)
        measures = msgspec.json.decode(running.serving.metrics(), type=Measures)
        assert measures.requests == {"a1": {"u1": [0, 1, 0, 0, 0]}}
        assert sum(measures.latency) == 1
        assert measures.upstream_connections == {"idle": 1, "busy": 0, "connecting": 0}
        assert measures.snapshot_revision == int(Revision(1, 1))
        assert measures.endpoint_revision_age is not None
        described = msgspec.json.decode(running.serving.describe())
        assert [source["endpoints"][0]["address"] for source in described["sources"]] == ["127.0.0.1"]


async def test_an_endpoint_that_is_a_port_of_this_gateway_is_never_asked() -> None:
    async with endpoint(pod) as address, endpoint(pod) as status:
        process = Process(content(address, status))
        await process.start(own=(ListenAddress("0.0.0.0", int(status.rpartition(":")[2])),), drain_timeout=1)
        listening = f"127.0.0.1:{process.port}"
        for number, given in enumerate(((address, status), (address, status, listening)), 2):
            process.hub.publish_source(endpoints(*given, number=number))
            snapshot = msgspec.json.decode(await process.hub.ask("worker 0", "snapshot"))
            (source,) = snapshot["sources"]
            assert source["revision"] == int(Revision(1, number))
            assert [f"127.0.0.1:{one['port']}" for one in source["endpoints"]] == [address]
            assert (await answer_to(process.port, GET)).endswith(b"ok")
        process.hub.publish_source(endpoints(status, listening, number=4))
        await process.hub.ask("worker 0", "snapshot")
        assert b" 503 " in await answer_to(process.port, GET)
        process.process.send_signal(signal.SIGTERM)
        _, errors = await process.process.communicate()
        assert errors.count(b"left out") == 2
        await process.served


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
                sys.executable, "-m", "edge.gateway.worker", told.argument(),
                pass_fds=(theirs.fileno(), listener.fileno()), stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        self.channel = FrameChannel(ours)
        self.served = asyncio.get_running_loop().create_task(self.hub.serve(self.channel, "p1", "worker 0"))
        await self.reported.wait()


async def test_a_worker_process_serves_what_its_agent_pushes_and_ends_on_sigterm() -> None:
    async with endpoint(pod) as one, endpoint(pod) as two:
        process = Process(content(one))
        await process.start(drain_timeout=1)
        assert (await answer_to(process.port, GET)).endswith(b"ok")
        process.hub.publish_source(SourceState(SOURCE, Revision(1, 2), endpoints(two).endpoints))
        measures = msgspec.json.decode(await process.hub.ask("worker 0", "metrics"), type=Measures)
        assert measures.requests == {"a1": {"u1": [0, 1, 0, 0, 0]}}
        snapshot = msgspec.json.decode(await process.hub.ask("worker 0", "snapshot"))
        assert f"127.0.0.1:{snapshot['sources'][0]['endpoints'][0]['port']}" == two
        process.process.send_signal(signal.SIGTERM)
        _, errors = await process.process.communicate()
        assert (process.process.returncode, errors) == (0, b"")
        await process.served


async def test_a_worker_process_ends_when_its_agent_has_gone() -> None:
    async with endpoint(pod) as address:
        process = Process(content(address))
        await process.start(drain_timeout=1)
        await process.channel.close()
        assert await process.process.wait() == 0
        await process.served


async def test_a_worker_process_that_is_told_nonsense_says_so() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge.gateway.worker", '{"index": "x"}', stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"expected one argument" in errors
    assert b"Traceback" not in errors
