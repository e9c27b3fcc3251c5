"""How fast the simulator is, each number beside its goal, on one machine in one run (`make bench-simulator`).

    python -m loadtests.simulator [--pods 10000] [--watchers 100] [--rate 200] [--seconds 5]

The simulator is a process of its own and is asked over TLS, as users do; only the start inside a process and the memory
of one pod (`loadtests.simulator_scale`) are measured from within. An event's latency runs from just before its write is
sent until each watcher has its line, all on the clock that the processes of one machine share.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import platform
import re
import ssl
import statistics
import subprocess
import sys
import time
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import uvloop
import yaml

from loadtests import simulator_scale
from simulator.settings import Settings
from simulator.simulator import Simulator

STARTED = re.compile(r"edge simulator ready (\S+) control (\S+) kubeconfig (\S+)")
SENT_AT = re.compile(rb'"at":"(\d+)"')
MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/scale"


class Row(NamedTuple):
    what: str
    goal: float
    measured: float
    unit: str

    def __str__(self) -> str:
        met = "met" if self.measured <= self.goal else "MISSED"
        return f"  {self.what:<66}{self.measured:>9.2f} {self.unit:<3} goal {self.goal:>6.2f}  {met}"


class Process:
    """`edge simulator` as users start it; ready when it answers /readyz."""

    def __init__(self) -> None:
        began = time.perf_counter()
        arguments = ["simulator", "--listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0", "--pods", "none"]
        edge = str(Path(sys.executable).with_name("edge"))
        self._process = subprocess.Popen([edge, *arguments], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        found = STARTED.match(self._process.stdout.readline())
        assert found, "the simulator did not start"
        self.url, self.kubeconfig = urlsplit(found[1]), Path(found[3])
        self.context = self._identity()
        self.api = self.connect()
        assert self.ask("GET", "/readyz") == b"ok"
        self.seconds = time.perf_counter() - began

    def _identity(self) -> ssl.SSLContext:
        content = yaml.safe_load(self.kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        identity = self.kubeconfig.with_name("identity.pem")
        keys = (user["client-certificate-data"], user["client-key-data"])
        identity.touch(0o600)
        identity.write_bytes(b"".join(_decoded(key) for key in keys))
        context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]).decode())
        context.load_cert_chain(identity)
        identity.unlink()
        return context

    def connect(self) -> HTTPSConnection:
        return HTTPSConnection(str(self.url.hostname), self.url.port, context=self.context)

    def ask(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> bytes:
        text = None if body is None else json.dumps(body)
        self.api.request(method, path, text, {"Content-Type": content_type} if text else {})
        answer = self.api.getresponse()
        content = answer.read()
        assert answer.status < 300, content
        return content

    def stop(self) -> None:
        self.api.close()
        self._process.terminate()
        self._process.wait(10)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)


# starting


def process_start() -> Row:
    times = []
    for _ in range(5):
        process = Process()
        times.append(process.seconds)
        process.stop()
    return Row("process start to /readyz (median of 5)", 0.6, statistics.median(times), "s")


def start_in_process() -> Row:
    async def start() -> float:
        began = time.perf_counter()
        async with Simulator(Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0", pods="none")):
            return time.perf_counter() - began

    return Row(
        "start inside a process (median of 9)", 30, statistics.median(_run(start) for _ in range(9)) * 1000, "ms"
    )


def _run(story: Any) -> float:
    seconds: float = uvloop.run(story())
    return seconds


# scale


def scale_and_list(process: Process, pods: int) -> list[Row]:
    for each in yaml.safe_load_all(simulator_scale.WORKLOAD):
        kind = "deployments" if each["kind"] == "Deployment" else "services"
        group = "/apis/apps/v1" if kind == "deployments" else "/api/v1"
        process.ask("POST", f"{group}/namespaces/default/{kind}", each)
    began = time.perf_counter()
    process.ask("PATCH", f"{DEPLOYMENT}/scale", {"spec": {"replicas": pods}}, "application/merge-patch+json")
    while _count(process) < pods:
        time.sleep(0.1)
    created = time.perf_counter() - began
    while json.loads(process.ask("GET", DEPLOYMENT))["status"].get("readyReplicas", 0) < pods:
        time.sleep(0.5)
    return [
        Row(f"{pods} pods created through a Deployment scale", 6.0, created, "s"),
        Row(f"list of {pods} pods in pages of 500", 1.0, min(_list(process, pods) for _ in range(3)), "s"),
    ]


def _count(process: Process) -> int:
    metadata = json.loads(process.ask("GET", f"{PODS}?limit=1"))
    return len(metadata["items"]) + int(metadata["metadata"].get("remainingItemCount", 0))


def _list(process: Process, pods: int) -> float:
    began, seen, token = time.perf_counter(), 0, ""
    while True:
        body = process.ask("GET", f"{PODS}?limit=500&continue={token}")
        seen += body.count(b'"uid":"') // 2  # its own and its owner's
        found = re.search(rb'"continue":"([^"]*)"', body[:500])
        token = found[1].decode() if found else ""
        if not token:
            break
    seconds = time.perf_counter() - began
    assert seen == pods, f"{seen} pods were listed"
    return seconds


def memory(pods: int) -> list[Row]:
    with multiprocessing.get_context("spawn").Pool(1) as fresh:
        result = fresh.apply(_measured, (pods,))
    return [
        Row("memory a pod with its history, over the bare process", 30, result.with_history / 1000, "KB"),
        Row("memory a pod after compaction, over the bare process", 12, result.compacted / 1000, "KB"),
    ]


def _measured(pods: int) -> simulator_scale.Result:
    return asyncio.run(simulator_scale.measure(pods))


# watchers


class Watcher(asyncio.Protocol):
    """One watch over TLS; notes the delay of each event as it comes."""

    def __init__(self, host: str, delays: list[float]) -> None:
        self._request = f"GET {MAPS}?watch=true&resourceVersion=0 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self._delays = delays
        self._rest = b""
        self.count = 0
        self.last = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        text = self._rest + data
        end = 0
        for found in SENT_AT.finditer(text):
            end = found.end()
            at = int(found[1])
            assert at > self.last, "events came out of order or twice"
            self.last = at
            self.count += 1
            self._delays.append((now - at) / 1e6)
        self._rest = text[max(end, len(text) - 30) :]


async def watched(process: Process, watchers: int, rate: int, seconds: float) -> tuple[list[float], int]:
    """Delays in ms of all events at all watchers, and how many events were written."""
    loop = asyncio.get_running_loop()
    delays: list[float] = []
    host, port = str(process.url.hostname), process.url.port
    opened = [
        await loop.create_connection(lambda: Watcher(host, delays), host, port, ssl=process.context)
        for _ in range(watchers)
    ]
    await asyncio.sleep(1)
    count = int(rate * seconds)
    await loop.run_in_executor(None, write, process, count, rate)
    async with asyncio.timeout(30):
        while any(watcher.count < count for _, watcher in opened):  # noqa: ASYNC110 what ends it is 100 watchers
            await asyncio.sleep(0.05)
    for transport, _ in opened:
        transport.abort()
    return delays, count


def write(process: Process, count: int, rate: int) -> None:
    """Change one object `rate` times a second, each change carrying the moment it was sent."""
    kind = "application/merge-patch+json"
    began = time.monotonic()
    for index in range(count):
        time.sleep(max(began + index / rate - time.monotonic(), 0))
        process.ask("PATCH", f"{MAPS}/clock", {"data": {"at": str(time.monotonic_ns())}}, kind)
    behind = time.monotonic() - began - count / rate
    assert behind < 1, f"the writes alone were {behind:.1f} s late"


def watching(process: Process, watchers: int, rate: int, seconds: float) -> list[Row]:
    process.ask("POST", MAPS, {"metadata": {"name": "clock"}})
    delays, count = uvloop.run(watched(process, watchers, rate, seconds))
    assert len(delays) == count * watchers, "an event was lost"
    delays.sort()
    name = f"{watchers} TLS watchers x {rate} events/s, delivery"
    late = delays[-1] > 1000
    print(f"  {len(delays)} events delivered in order, none lost; fallen behind: {'YES' if late else 'no'}")
    return [
        Row(f"{name}, median", 50, delays[len(delays) // 2], "ms"),
        Row(f"{name}, 99th percentile", 50, delays[len(delays) * 99 // 100], "ms"),
        Row(f"{name}, longest (behind: > 1 s)", 1000, delays[-1], "ms"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="loadtests.simulator", description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--watchers", type=int, default=100)
    parser.add_argument("--rate", type=int, default=200, help="events a second")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long events are written")
    arguments = parser.parse_args()
    print(f"simulator, Python {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before")
    rows = [process_start(), start_in_process()]
    process = Process()
    try:
        rows += watching(process, arguments.watchers, arguments.rate, arguments.seconds)
        rows += scale_and_list(process, arguments.pods)
    finally:
        process.stop()
    rows += memory(arguments.pods)
    print("\n".join(str(row) for row in rows))


if __name__ == "__main__":
    main()
