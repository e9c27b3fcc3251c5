"""How long until a new pod gets its first request: `make bench-propagation`.

Measured from the simulator's write of the EndpointSlice in which the pod is ready, to the arrival at the client of
the first answer from that pod: an upper bound of the time to the pod's first request. Meanwhile one client asks back
to back over one connection, and the upstream has one old and one new endpoint. Simulator, Admin, gateway agent, worker
and client are five processes, as in life; all clocks are the machine's monotonic one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import platform
import socket
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from edge.demo.tutorial import HELLO_MANIFEST, HOST, TOKEN_MANIFEST
from simulator.kinds.table import RESOURCES
from simulator.objects.record import Event
from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.end_to_end.house import House

DEPLOYMENTS = RESOURCES.of("apps/v1", "Deployment")
SLICES = RESOURCES.of("discovery.k8s.io/v1", "EndpointSlice")


def client(address: tuple[str, int], seen: Connection) -> None:
    """Ask back to back; tell (pod, time) of every pod that has not answered before."""
    request = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    known = set()
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            connection.sendall(request)
            answer = connection.recv(65536)
            if not answer:
                raise EOFError("the gateway closed the connection")
            if not answer.startswith(b"HTTP/1.1 200"):
                raise ValueError(f"a request failed: {answer[:200]!r}")
            lower = answer.lower()
            start = lower.index(b"x-pod:") + 6
            pod = lower[start : lower.index(b"\r\n", start)].strip()
            if pod not in known:
                known.add(pod)
                seen.send((pod.decode(), time.perf_counter()))


class Propagation:
    """One running house and its measurements, in seconds."""

    def __init__(self, simulator: Simulator, house: House) -> None:
        self.simulator = simulator
        self.house = house
        self.ready_at: dict[str, float] = {}
        self.endpoints = 0
        self.changed = asyncio.Event()
        simulator.store.subscribe(self._written)

    def _written(self, event: Event) -> None:
        now = time.perf_counter()
        if event.resource is not SLICES:
            return
        endpoints = event.object.get("endpoints") or [] if event.type != "DELETED" else []
        for endpoint in endpoints:
            if endpoint["conditions"].get("ready"):
                self.ready_at.setdefault(endpoint["targetRef"]["name"], now)
        self.endpoints = len(endpoints)
        self.changed.set()

    def scale(self, replicas: int) -> None:
        deployment = self.simulator.store.get(DEPLOYMENTS, "default", "test-hello")
        deployment["spec"]["replicas"] = replicas
        self.simulator.store.update(DEPLOYMENTS, deployment)

    async def until_endpoints(self, count: int) -> None:
        while self.endpoints != count:
            self.changed.clear()
            await self.changed.wait()

    async def measure(self, rounds: int) -> list[float]:
        here, there = multiprocessing.Pipe(duplex=False)
        address = self.house.url().removeprefix("http://").split(":")
        asking = multiprocessing.Process(target=client, args=((address[0], int(address[1])), there), daemon=True)
        asking.start()
        loop, took = asyncio.get_running_loop(), []
        await loop.run_in_executor(None, here.recv)
        try:
            for _ in range(rounds):
                self.scale(2)
                pod, at = await asyncio.wait_for(loop.run_in_executor(None, here.recv), 10)
                took.append(at - self.ready_at[pod])
                self.scale(1)
                await asyncio.wait_for(self.until_endpoints(1), 10)
        finally:
            asking.kill()
        return took


def manifest() -> str:
    """The tutorial's Deployment, whose pods come and go at once."""
    quick = 'annotations: {simulator/ready-after: "20ms", simulator/ends-after: "20ms"}'
    return HELLO_MANIFEST.read_text().replace(
        "    metadata:\n      labels: {app: test-hello}",
        f"    metadata:\n      labels: {{app: test-hello}}\n      {quick}",
    )


async def run(rounds: int, report: Path | None) -> None:
    settings = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0", seed=1)
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(settings) as simulator:
            house = House(Path(folder))
            try:
                await prepare(simulator, house)
                propagation = Propagation(simulator, house)
                await propagation.measure(5)  # warm up
                show(await propagation.measure(rounds), report)
            finally:
                await house.close()


async def prepare(simulator: Simulator, house: House) -> None:
    house.kubeconfig = simulator.kubeconfig
    host, _, port = simulator.url.removeprefix("https://").rpartition(":")
    house.use_simulator(host, int(port))
    simulator.load(TOKEN_MANIFEST)
    simulator.load(manifest())
    await house.start_admin()
    await house.prepare_gateways()
    await house.start_gateway("gateway-1", await house.join_token())
    await house.register_cluster()
    await house.create_application()
    await house.endpoints(1)
    await house.release()
    await house.forget_client()  # nobody follows the Admin's events while it is measured


def show(took: list[float], report: Path | None) -> None:
    milliseconds = sorted(value * 1000 for value in took)
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    numbers = {"rounds": len(took), "p50": cuts[49], "p90": cuts[89], "p99": cuts[98], "max": milliseconds[-1]}
    print("from the write of the EndpointSlice to the new pod's first answer, milliseconds:")
    for name, value in numbers.items():
        print(f"  {name:<7}{value:8.2f}" if name != "rounds" else f"  {name:<7}{value:8}")
    print(f"  goal: p50 ≤ 5, p99 ≤ 25, on an idle machine with 2 cores ({platform.machine()} here)")
    if report is not None:
        report.write_text(json.dumps(numbers, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="scale-ups to measure (default: 200)")
    parser.add_argument("--report", type=Path, help="also write the numbers to this file as JSON")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.rounds, arguments.report))


if __name__ == "__main__":
    main()
