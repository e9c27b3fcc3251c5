"""A cluster without an API server: the store, the controllers and the kubelet, in virtual time."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml

from edge import virtual_time
from simulator.clock import Clock
from simulator.cluster.boot import Node, boot
from simulator.controllers.cluster import Cluster
from simulator.controllers.manager import ControllerManager
from simulator.controllers.queue import Gate
from simulator.kinds import ROWS
from simulator.kubelet.kubelet import Kubelet
from simulator.kubelet.network import claim
from simulator.objects.record import Event
from simulator.store.store import Store

FILES = Path(__file__).parent / "files"
Object = dict[str, Any]
Events = list[tuple[str, Object]]
ONE_NODE = (Node("node-1", "z1"),)


class World:
    """What a test drives; `events` are all writes of one resource as (type, object)."""

    def __init__(self, seed: int = 1, *, serve: bool = False, nodes: tuple[Node, ...] = ONE_NODE) -> None:
        self.clock = Clock()
        self.random = random.Random(seed)
        self.store = Store(self.clock, self.random)
        self.network = claim(None, random.Random())
        self.gate = Gate()
        self.cluster = Cluster(self.store, ROWS, self.clock, self.random)
        self.manager = ControllerManager(self.cluster, lambda account, secret: "signed", self.gate)
        self.kubelet = Kubelet(self.cluster, self.gate, self.network, serve=serve)
        self.log: list[Event] = []
        self.store.subscribe(self.log.append)
        boot(self.cluster, nodes, "127.0.0.1", 6443)
        self.cluster.start()

    async def close(self) -> None:
        self.manager.stop()
        await self.kubelet.stop()
        self.cluster.stop()
        self.network.close()

    def apply(self, file: str) -> None:
        """Create every object of a file in `files/`."""
        kinds = {(row.api_version, row.kind): row for row in reversed(ROWS)}
        for obj in yaml.safe_load_all((FILES / file).read_text()):
            obj["metadata"].setdefault("namespace", "default")
            self.store.create(kinds[(obj["apiVersion"], obj["kind"])], obj)

    def scale(self, name: str, replicas: int) -> None:
        found = self.get("deployments.apps", name)
        found["spec"]["replicas"] = replicas
        self.cluster.update("deployments.apps", found)

    def get(self, resource: str, name: str, namespace: str = "default") -> Object:
        namespaced = self.cluster.rows[resource].namespaced
        found = self.cluster.get(resource, namespace if namespaced else None, name)
        assert found is not None, f"no {resource} {name}"
        return found

    def list(self, resource: str, namespace: str = "default") -> list[Object]:
        return self.cluster.list(resource, namespace)

    def events(self, resource: str, since: int = 0) -> Events:
        return [(e.type, e.object) for e in self.log if e.resource.key == resource and e.revision > since]


def simulate(story: Callable[[World], Awaitable[None]], **options: Any) -> None:
    """Play `story` in virtual time on a fresh world."""

    async def main() -> None:
        world = World(**options)
        try:
            await story(world)
        finally:
            await world.close()

    virtual_time.run(main())
