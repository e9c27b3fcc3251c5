"""Users on `edge demo` while its Deployment is scaled up and down: `make loadtest`.

Simulator, Admin and gateway are the demo's, started and ended by this command; locust is a process of its own. The run
has five phases: steady, scaled up, steady, scaled down, steady. A scaling has happened when the upstream shows exactly
those endpoints, all ready, and each of them has answered through the gateway. Exit status 0 when all phases happened
and no request failed, else 1; what failed is said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from edge.demo import kubernetes
from edge.demo.admin import AdminClient
from edge.demo.kubernetes import Kubernetes
from edge.demo.processes import DemoError
from loadtests.users.processes import FAILED, Demo, LoadtestError, Process, demo, start_locust
from loadtests.users.results import Row, rows, table

WITHIN = 15.0  # seconds for a scaling to arrive
ENDING = 5.0  # seconds in which a demo that lost one of its processes has ended the others


class Scaling:
    """Scales the demo's Deployment and sees that the gateway follows. `peak` is the most endpoints ever shown."""

    def __init__(self, found: Demo, admin: AdminClient, cluster: Kubernetes) -> None:
        self.demo = found
        self._admin = admin
        self._cluster = cluster
        self.peak = 0

    async def scale(self, replicas: int) -> str:
        """What happened, in words. Raises LoadtestError when it did not."""
        began = time.perf_counter()
        await self._cluster.scale("test-hello", replicas)
        path = await self._upstream()
        await self._admin.until(
            f"{replicas} ready endpoints",
            lambda: self._admin.get(path),
            lambda view: self._shows(view, replicas),
            WITHIN,
        )
        shown = time.perf_counter() - began
        await self._answered_by(replicas)
        answered = time.perf_counter() - began
        return f"{shown:.2f} s until {replicas} endpoint(s) were shown, {answered:.2f} s until all had answered"

    async def _upstream(self) -> str:
        (application,) = (await self._admin.get("applications"))["items"]
        (upstream,) = (await self._admin.get(f"applications/{application['id']}/upstreams"))["items"]
        return f"applications/{application['id']}/upstreams/{upstream['id']}"

    def _shows(self, view: Any, replicas: int) -> bool:
        endpoints = view["endpoints"]
        self.peak = max(self.peak, len(endpoints))
        return len(endpoints) == replicas and all(endpoint["ready"] for endpoint in endpoints)

    async def _answered_by(self, replicas: int) -> None:
        """Until a round of requests came from exactly this many pods."""
        limit = time.perf_counter() + WITHIN
        pods: set[str] = set()
        async with httpx.AsyncClient(trust_env=False, headers={"host": self.demo.host}) as client:
            while time.perf_counter() < limit:
                pods = set()
                for _ in range(8 * replicas):
                    response = await client.get(self.demo.gateway)
                    if response.status_code != 200:
                        raise LoadtestError(f"a request failed with {response.status_code} {response.text[:100]!r}")
                    pods.add(response.headers["x-pod"])
                if len(pods) == replicas:
                    return
        raise LoadtestError(f"expected answers from {replicas} pod(s), they came from {sorted(pods)}")


async def phases(seconds: float, replicas: int, running: Sequence[Process], scaling: Scaling) -> None:
    """`seconds` of load with a scale-up after a third and a scale-down after two, while all that is `running` runs."""
    began = time.perf_counter()
    for number, target in enumerate((replicas, 1), start=1):
        await steady(running, began + number * seconds / 3)
        try:
            said = await scaling.scale(target)
        except (DemoError, LoadtestError, httpx.HTTPError) as error:
            await steady(running, time.perf_counter() + ENDING)  # it failed because one of them ended?
            raise LoadtestError(f"scaling to {target} did not happen: {error!s}") from error
        print(f"{time.perf_counter() - began:5.1f} s  scaled to {target}: {said}", flush=True)
    await steady(running, began + seconds)


async def steady(running: Sequence[Process], until: float) -> None:
    """Let the users ask until then. Raises LoadtestError when one of the programs ends before."""
    ends = {asyncio.ensure_future(process.ended()): process for process in running}
    done, pending = await asyncio.wait(
        ends, timeout=max(until - time.perf_counter(), 0), return_when=asyncio.FIRST_COMPLETED
    )
    for waiting in pending:
        waiting.cancel()
    for ended in done:
        process = ends[ended]
        said = "\n".join(process.lines[-12:])
        raise LoadtestError(f"{process.name} ended by itself with code {ended.result()}:\n{said}")


async def run(seconds: float, users: int, replicas: int) -> int:
    """0 when every phase happened and every request was answered as it should be, else 1."""
    print("starting edge demo …", flush=True)
    with tempfile.TemporaryDirectory(prefix="loadtest-") as folder:
        async with demo() as (found, process), AdminClient(found.admin, found.token) as admin:
            scaling = Scaling(found, admin, await kubernetes.find(found.kubeconfig, Path(folder) / "kubectl-cache"))
            shown, complaints = await loaded(seconds, users, replicas, process, scaling, Path(folder) / "locust")
    print(f"\n{table(shown)}\npeak of endpoints: {scaling.peak}\n")
    for complaint in complaints:
        print(f"FAILED: {complaint}")
    if not complaints:
        print("every request was answered as it should be")
    return 1 if complaints else 0


async def loaded(
    seconds: float, users: int, replicas: int, running: Process, scaling: Scaling, report: Path
) -> tuple[list[Row], list[str]]:
    """What the users saw during the phases of the demo that is `running`, and what was wrong."""
    locust = await start_locust(scaling.demo.gateway, scaling.demo.host, users, report)
    print(f"  0.0 s  {users} users on {scaling.demo.gateway}", flush=True)
    complaints = []
    try:
        await phases(seconds, replicas, (running, locust), scaling)
    except LoadtestError as error:
        complaints.append(str(error))
    finally:
        await locust.stop()
    shown = rows(json.loads(report.with_suffix(".json").read_text()))
    return shown, complaints + failed_requests(shown, locust.lines)


def failed_requests(shown: list[Row], lines: list[str]) -> list[str]:
    """What the users found wrong, in words."""
    total = shown[-1]
    if not total.requests:
        return ["no request was made at all"]
    said = [line[line.index(FAILED) + len(FAILED) :] for line in lines if FAILED in line]
    return [f"{total.failed} of {total.requests} requests failed", *said] if total.failed or said else []


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make loadtest", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=24.0, help="how long the users ask (default: 24)")
    parser.add_argument("--users", type=int, default=30, help="how many there are (default: 30)")
    parser.add_argument("--replicas", type=int, default=6, help="pods when scaled up (default: 6)")
    told = parser.parse_args()
    if told.seconds <= 0 or told.users < 1 or told.replicas < 2:
        parser.error("expected --seconds above 0, --users from 1 and --replicas from 2")
    try:
        sys.exit(asyncio.run(run(told.seconds, told.users, told.replicas)))
    except LoadtestError as error:
        sys.exit(f"FAILED: {error}")


if __name__ == "__main__":
    main()
