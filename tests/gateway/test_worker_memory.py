"""What many applications and slow peers cost a worker: bounded memory, measured at the process."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from pathlib import Path

import pytest

from loadtests.peers import edge_gateway
from loadtests.peers.work import Work
from tests.gateway.serving import content
from tests.gateway.working import Process, answer_to, endpoint, pod

LARGEST = 44 * 2**20
"""With 1,000 applications of 10 rules: 42 MB, compiled 43 (CPython 3.11); traffic may add 1 MB to the 45 promised."""
SIZE = 10 * 2**20
BLOCK = bytes(64 * 1024)
STREAMS = 4
SMALL = 64 * 1024  # a socket's buffer: what the kernel holds is not the worker's


def resident(pid: int, field: str) -> int:
    """VmRSS or VmHWM, the most since `forget_peak`, in bytes (proc(5))."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def slowly(reader: asyncio.StreamReader, size: int) -> None:
    """Take `size` bytes, some 60 MB a second: the other side could send twenty times as fast."""
    while size:
        data = await reader.read(min(size, len(BLOCK)))
        assert data
        size -= len(data)
        await asyncio.sleep(0.001)


def small(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)


async def send(writer: asyncio.StreamWriter, size: int) -> None:
    for _ in range(size // len(BLOCK)):
        writer.write(BLOCK)
        await writer.drain()


async def peak(process: Process, deed: asyncio.Future[list[None]]) -> int:
    """By how much the worker grew at most meanwhile, in bytes."""
    pid = process.process.pid
    forget_peak(pid)
    before = resident(pid, "VmRSS")
    await deed
    return resident(pid, "VmHWM") - before


async def downloads(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=SMALL)
    small(writer)
    writer.write(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await slowly(reader, SIZE)
    writer.close()


async def uploads(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: %d\r\n\r\n" % SIZE)
    await send(writer, SIZE)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


async def generous(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
    await send(writer, SIZE)


async def reluctant(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    small(writer)
    await reader.readuntil(b"\r\n\r\n")
    await slowly(reader, SIZE)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("pod", "client"), [(generous, downloads), (reluctant, uploads)], ids=["a slow client", "a slow endpoint"]
)
async def test_ten_megabytes_for_a_slow_peer_are_never_held(pod, client) -> None:
    async with endpoint(pod) as address:
        process = Process(content(address))
        await process.start(drain_timeout=1)
        await client(process.port)
        grown = await peak(process, asyncio.gather(*(client(process.port) for _ in range(STREAMS))))
        process.process.send_signal(signal.SIGTERM)
        await process.process.wait()
        await process.served
    assert grown < STREAMS * 1024 * 1024, f"{grown / 2**20:.1f} MB for {STREAMS} streams"


async def test_a_thousand_applications_with_ten_rules_each_fit_into_a_worker_of_44_mb(tmp_path) -> None:
    async with endpoint(pod) as address:
        work = Work(backend=int(address.rpartition(":")[2]), sink=1)
        process = Process(edge_gateway.content(work))
        await process.start(drain_timeout=1, access_log=str(tmp_path / "access.log"))
        request = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % work.hosts(999)[9].encode()
        assert (await answer_to(process.port, request)).startswith(b"HTTP/1.1 200")
        taken = resident(process.process.pid, "VmRSS")
        process.process.send_signal(signal.SIGTERM)
        await process.process.wait()
        await process.served
    assert taken < LARGEST, f"{taken / 2**20:.1f} MB"
