"""How fast the simulator makes pods, and what memory they take: the numbers on scale of docs/simulator.md.

    python -m loadtests.simulator_scale [--pods 10000] [--profile]

A Deployment with a Service is scaled from 0 to `--pods` in one write, in a simulator of its own without listening pods
(`--pods none`). Told are the wall and CPU seconds until all pods are *created*, and until all are *ready* and in the
endpoints; and the memory that one pod takes with its history, and after compaction, over the same process before.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import ctypes
import ctypes.util
import gc
import pstats
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from simulator.cluster.machine import Machine
from simulator.controllers.cluster import Cluster
from simulator.settings import Settings
from simulator.simulator import Simulator

WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: scale, namespace: default}
spec:
  replicas: 0
  selector: {matchLabels: {app: scale}}
  template:
    metadata: {labels: {app: scale}}
    spec:
      containers: [{name: web, image: "scale:1", ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: scale, namespace: default}
spec:
  selector: {app: scale}
  ports: [{port: 80, targetPort: http}]
"""
PATIENCE = 600.0


class Result(msgspec.Struct):
    """Seconds from the scaling; bytes of resident memory a pod over the same process before it."""

    pods: int
    created: float
    ready: float
    cpu: float
    with_history: float
    compacted: float

    def lines(self) -> list[str]:
        return [
            f"{self.pods} pods created through a Deployment scale: {self.created:.2f} s",
            f"the same until all are ready and in the endpoints: {self.ready:.2f} s ({self.cpu:.2f} s of CPU)",
            f"memory a pod with history: {self.with_history / 1000:.1f} KB",
            f"memory a pod after compaction: {self.compacted / 1000:.1f} KB",
        ]


async def measure(pods: int, profile: cProfile.Profile | None = None) -> Result:
    """Scale to `pods` and say what it took."""
    settings = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0", pods="none", seed=1)
    async with Simulator(settings) as simulator:
        simulator.load(WORKLOAD)
        await asyncio.sleep(0.5)
        before = _memory()
        cpu, start = time.process_time(), time.perf_counter()
        if profile is not None:
            profile.enable()
        simulator.load(WORKLOAD.replace("replicas: 0", f"replicas: {pods}"))
        await _until(simulator, lambda: len(_cluster(simulator).pods) >= pods)
        created = time.perf_counter() - start
        await _until(simulator, lambda: _all_ready(simulator, pods))
        if profile is not None:
            profile.disable()
        ready = time.perf_counter() - start
        spent = time.process_time() - cpu
        with_history = (_memory() - before) / pods
        simulator.compact(None)
        compacted = (_memory() - before) / pods
        return Result(pods, created, ready, spent, with_history, compacted)


async def _until(simulator: Simulator, condition: Callable[[], bool]) -> None:
    """Wait until `condition()` holds, looking again after writes."""
    written = asyncio.Event()
    end = simulator.store.subscribe(lambda event: written.set())
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                written.clear()
                await written.wait()
    finally:
        end()


def _cluster(simulator: Simulator) -> Cluster:
    assert isinstance(simulator.machine, Machine)
    return simulator.machine.cluster


def _all_ready(simulator: Simulator, pods: int) -> bool:
    """By the status of the Deployment and by the slices, so that every controller has caught up."""
    cluster = _cluster(simulator)
    deployment = cluster.get("deployments.apps", "default", "scale") or {}
    if (deployment.get("status") or {}).get("readyReplicas") != pods:
        return False
    service = cluster.get("services", "default", "scale")
    assert service is not None
    slices = cluster.children(service["metadata"]["uid"], "endpointslices.discovery.k8s.io")
    endpoints = [e for found in slices for e in found.get("endpoints") or ()]
    return sum(bool(endpoint["conditions"]["ready"]) for endpoint in endpoints) == pods


def _memory() -> int:
    """Resident bytes of this process after everything free was given back."""
    gc.collect()
    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    parser = argparse.ArgumentParser(prog="loadtests.simulator_scale", description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000, help="how many (default %(default)s)")
    parser.add_argument("--profile", action="store_true", help="also tell where the time went")
    arguments = parser.parse_args()
    profile = cProfile.Profile() if arguments.profile else None
    result = asyncio.run(measure(arguments.pods, profile))
    print("\n".join(result.lines()))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
