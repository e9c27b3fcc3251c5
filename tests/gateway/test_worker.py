"""A worker in this process, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import sys
from typing import Any

import pytest
from websockets.asyncio.client import connect as websocket_connect
from websockets.asyncio.server import serve as websocket_serve

from tests.gateway.serving import content, counted, endpoints
from tests.gateway.working import GET, MEGABYTES, answer_to, echo, endpoint, pod, read_answer, worker


def test_the_worker_knows_nothing_that_would_make_it_heavy() -> None:
    """Imports are a worker's memory: no web framework, no database, no WebSocket library."""
    import subprocess

    program = "import sys, edge.gateway.worker; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"uvicorn", "starlette", "httpx", "sqlalchemy", "jinja2", "websockets", "cryptography", "jwt", "h11"}
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


async def test_a_client_is_read_no_faster_than_its_endpoint_takes() -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def takes_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        asked.set()
        await over.wait()
        writer.transport.abort()

    async with endpoint(takes_nothing) as address, worker(address) as (running, port):
        _, client = await asyncio.open_connection("127.0.0.1", port)
        client.write(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 1000000000\r\n\r\n")
        await asked.wait()
        written = 0
        with contextlib.suppress(TimeoutError):
            while written < 100_000_000:
                client.write(b"x" * 65536)
                written += 65536
                async with asyncio.timeout(0.3):
                    await client.drain()
        assert written < 100_000_000  # what kernel buffers take, far from all of it
        (connection,) = running.path.connections
        upstream = connection.exchange._forwarding._upstream  # type: ignore[union-attr]
        assert upstream.transport.get_write_buffer_size() < 2 * running.path.settings.buffer_limit + 2**18
        over.set()
        client.transport.abort()


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
        assert counted(running.path) == {"a1": {"u1": [1, 0, 0, 0, 0]}}


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
