"""In virtual time the same seed gives the same writes and the same answers, whatever the hash seed of the process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from simulator.api.faults import DuplicateEventFault, LatencyFault
from simulator.loops import run_virtual
from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.simulator.world import FILES, World, simulate

STORY = "from tests.simulator.test_determinism import digest; print(digest(5))"


def digest(seed: int) -> str:
    """A hash of everything written while a deployment is scaled up and down; the claimed network is left out."""
    written = hashlib.sha256()

    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.apply("token.yml")
        await asyncio.sleep(3)
        world.scale("test-hello", 7)
        await asyncio.sleep(3)
        world.scale("test-hello", 2)
        await asyncio.sleep(4)
        for event in world.log:
            written.update(re.sub(rb"127\.\d+\.0\.(\d+)", rb"N.\1", event.record.full()))

    simulate(story, seed=seed)
    return written.hexdigest()


def test_the_same_seed_gives_the_same_writes_under_any_hash_seed() -> None:
    root = Path(__file__).parents[2]
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", STORY], cwd=root, env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == digest(5)


def test_another_seed_gives_other_names() -> None:
    assert digest(5) != digest(6)


TRANSCRIPT = (
    "import sys; from tests.simulator.test_determinism import transcript; sys.stdout.buffer.write(transcript(5))"
)
WATCHED = (
    "/api/v1/pods",
    "/api/v1/events",
    "/api/v1/serviceaccounts",
    "/apis/apps/v1/deployments",
    "/apis/discovery.k8s.io/v1/endpointslices",
)


def transcript(seed: int) -> bytes:
    """Everything clients are sent in the life of a cluster, over the API, with their times."""
    told: list[bytes] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with Simulator(Settings(sockets=False, seed=seed)) as simulator, simulator.connect(timeout=60) as api:
            simulator.faults.inject(LatencyFault(0.1, jitter=0.5), share=0.5)
            simulator.faults.inject(DuplicateEventFault(), share=0.2)

            async def ask(method: str, path: str, body: object = None) -> None:
                answer = await api.request(method, path, json=body)
                told.append(f"{loop.time():.6f} {method} {path} {answer.status_code}\n".encode() + answer.content)
                told.append(json.dumps(sorted(answer.headers.multi_items())).encode() + b"\n")

            async def follow(path: str) -> None:
                query = {"watch": "1", "timeoutSeconds": "30", "allowWatchBookmarks": "true"}
                async with api.stream("GET", path, params=query) as watch:
                    async for line in watch.aiter_lines():
                        told.append(f"{loop.time():.6f} {path} {line}\n".encode())  # noqa: PERF401 watches take turns

            watching = [loop.create_task(follow(path)) for path in WATCHED]
            simulator.load(FILES / "hello.yaml")
            await asyncio.sleep(5)
            scale = "/apis/apps/v1/namespaces/default/deployments/test-hello/scale"
            found = (await api.get(scale)).json()
            found["spec"]["replicas"] = 6
            await ask("PUT", scale, found)
            await asyncio.sleep(5)
            await ask("POST", "/api/v1/namespaces", {"metadata": {"generateName": "made-"}})
            await ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
            await ask("DELETE", "/apis/apps/v1/namespaces/default/deployments/test-hello")
            await asyncio.sleep(5)
            for path in ("/api", "/apis", "/version", "/openapi/v3", "/api/v1/nodes", *WATCHED):
                await ask("GET", path)
            await ask("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles")
            await asyncio.gather(*watching)

    run_virtual(main())
    return b"".join(told)


def test_the_same_seed_and_requests_give_the_same_bytes_in_any_process() -> None:
    root = Path(__file__).parents[2]
    here = transcript(5)
    assert here.count(b"\n") > 150
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", TRANSCRIPT], cwd=root, env=environment, capture_output=True, check=True
        )
        for mine, other in zip(here.splitlines(), run.stdout.splitlines(), strict=True):
            assert mine == other


def test_another_seed_gives_other_bytes() -> None:
    assert transcript(5) != transcript(6)
