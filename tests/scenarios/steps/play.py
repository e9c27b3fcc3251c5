"""Steps on a simulator in this process, in virtual time and without sockets."""

from pathlib import Path
from types import SimpleNamespace

import yaml

from edge.demo.tutorial import HELLO_MANIFEST
from scenarios.kubernetes import Kubernetes
from scenarios.timeline import Timeline
from scenarios.world import World
from tests.simulator import in_memory


class Transport:
    """The simulator's own client as a transport of Kubernetes."""

    def __init__(self, api):
        self._api = api

    async def send(self, method, path, body, content_type):
        headers = {"content-type": content_type} if body is not None else {}
        answer = await self._api.request(method, path, content=body, headers=headers)
        return answer.status_code, answer.content

    async def close(self):
        pass


def play(story):
    """Play `story(world)` with the tutorial's Deployment and Service."""

    async def inside(simulator, api):
        target = SimpleNamespace(name="simulator", kubernetes=Kubernetes(Transport(api)), control=None)
        world = World(target, Timeline(), Path(), seed=1)
        for document in yaml.safe_load_all(HELLO_MANIFEST.read_text(encoding="utf-8")):
            await world.kubernetes.apply(document)
        await story(world)

    in_memory.play(inside)


async def settled(world, wanted, look):
    """Wait in virtual time until `await look()` is `wanted`."""
    async for _ in world.timeline.moments(world.timeline.now() + 60, 0.05):
        if (found := await look()) == wanted:
            return
    raise AssertionError(f"expected {wanted}, still {found}")


async def ready(world, service="test-hello"):
    """How many endpoints the slices of a service offer as ready."""
    slices = await world.kubernetes.list("endpointslice", "default", f"kubernetes.io/service-name={service}")
    return sum(e["conditions"].get("ready") is not False for s in slices for e in s.get("endpoints") or [])
