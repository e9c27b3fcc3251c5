"""CPU time of a gateway worker per proxied request: `python loadtests/proxy_cpu.py [--profile FILE]`.

Three processes: a trivial endpoint, one worker as the agent starts it (inherited socket, snapshot pushed over its
channel), and this one, which keeps some connections busy with keep-alive requests. Printed is the CPU time of the
worker alone, from /proc, divided by the requests: what other processes do meanwhile hardly matters.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from edge.gateway.launch import Launch
from edge.gateway.settings import Settings
from edge.model import (
    ApplicationDocument,
    Endpoint,
    Manifest,
    ManifestEntry,
    Revision,
    Rule,
    Source,
    SourceState,
    Upstream,
    document,
)
from edge.wire.frames import FrameChannel
from edge.wire.hub import Hub
from edge.wire.messages import Report

REQUEST = (
    b"GET /items/42?page=2 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    b"Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, deflate, br\r\n"
    b"Cookie: session=0123456789\r\n\r\n"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: test\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
SOURCE = Source("c", "default", "web", 80)


class Endless(asyncio.Protocol):
    """The endpoint: every read that ends a head is one request."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER * data.count(b"\r\n\r\n"))


class Client(asyncio.Protocol):
    """Asks again as soon as it has been answered."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.data = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self.data += data
        if self.data.endswith(b"x" * 100):
            assert self.data.startswith(b"HTTP/1.1 200"), self.data[:300]
            self.data = b""
            self.load.answered += 1
            self.transport.write(REQUEST)


class Load:
    answered = 0


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def hub_for(port: int, on_report: Callable[[str, Report], None]) -> Hub:
    rules = [
        {"id": "r1", "conditions": [{"variable": "path", "operator": "prefix", "values": ["/admin"]}],
         "actions": [{"type": "respond", "status": 403}]},
        {"id": "r2", "actions": [{"type": "proxy", "upstream": "u1"}]},
    ]  # fmt: skip
    application = ApplicationDocument(
        id="a1", name="shop", domains=("www.example.com",), partitions=("p",),
        upstreams=(Upstream("u1", "web", sources=(SOURCE,)),), rules=tuple(msgspec.convert(rules, list[Rule])),
    )  # fmt: skip
    body = document.encode(application)
    name = document.hash_of(body)
    hub = Hub(on_report=on_report)
    hub.publish_source(SourceState(SOURCE, Revision(1, 1), (Endpoint("127.0.0.1", port),)))
    hub.publish_manifest(Manifest(Revision(1, 1), "p", (ManifestEntry("a1", "shop", 1, name),)), {name: body})
    return hub


async def main(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    endpoint = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    child = os.fork()
    if child == 0:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_endpoint(endpoint))
        os._exit(0)
    ours, theirs = socket.socketpair()  # after the fork: the worker ends when nobody holds our end any more
    settings = Settings(access_log=options.access_log, drain_timeout=1)
    told = Launch(0, theirs.fileno(), (listener.fileno(),), settings).argument()
    profile = ["-m", "cProfile", "-o", options.profile] if options.profile else []
    command = [sys.executable, *profile, "-m", "edge.gateway.process", told]
    worker = subprocess.Popen(command, pass_fds=(theirs.fileno(), listener.fileno()))  # noqa: ASYNC220 (nothing runs yet)
    theirs.close()
    ready = asyncio.Event()
    hub = hub_for(endpoint.getsockname()[1], lambda _, report: ready.set() if report.applications else None)
    channel = FrameChannel(ours)
    serving = loop.create_task(hub.serve(channel, "p", "worker"))
    await ready.wait()
    load = Load()
    for _ in range(options.connections):
        await loop.create_connection(lambda: Client(load), *listener.getsockname())
    await asyncio.sleep(1)
    for _ in range(options.rounds):
        before, used, began = load.answered, cpu(worker.pid), time.perf_counter()
        await asyncio.sleep(options.seconds)
        requests, used = load.answered - before, cpu(worker.pid) - used
        took = time.perf_counter() - began
        print(
            f"{requests / took:8.0f} requests/s   {used / requests * 1e6:6.1f} us CPU per request"
            f"   {memory(worker.pid):5.1f} MB"
        )
    serving.cancel()
    await channel.close()
    await loop.run_in_executor(None, worker.wait)
    os.kill(child, 15)


async def serve_endpoint(sock: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(Endless, sock=sock)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--access-log", default="/dev/null")
    parser.add_argument("--profile", default="")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(parser.parse_args()))
