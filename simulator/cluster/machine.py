"""What a cluster is made of behind its API: the store, the controllers and the kubelet, made anew by each reset."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from simulator.clock import Clock
from simulator.cluster.boot import Node, boot
from simulator.controllers.cluster import Cluster
from simulator.controllers.manager import ControllerManager
from simulator.controllers.namespaces.accounts import Sign
from simulator.controllers.queue import Gate
from simulator.kubelet.kubelet import Kubelet
from simulator.kubelet.network import PodNetwork
from simulator.objects.resource import Resource
from simulator.store.store import Store


class Machine:
    """Runs on one store; `stop` leaves the store as it is."""

    def __init__(
        self,
        store: Store,
        rows: Iterable[Resource],
        clock: Clock,
        random: Random,
        network: PodNetwork,
        sign: Sign,
        *,
        serve: bool,
        ca: str = "",
    ) -> None:
        self.store = store
        self.gate = Gate()
        self.cluster = Cluster(store, rows, clock, random)
        self._manager = ControllerManager(self.cluster, sign, self.gate, ca)
        self.kubelet = Kubelet(self.cluster, self.gate, network, serve=serve)

    def start(self, nodes: Iterable[Node], host: str, port: int) -> None:
        """Fill an empty store with what every cluster has, then let the controllers work."""
        boot(self.cluster, nodes, host, port)
        self.cluster.start()

    def resume(self) -> None:
        """Let the controllers work on what a store holds already."""
        self.cluster.start()

    def trust(self, ca: str) -> None:
        """Tell every namespace of another certificate authority (PEM)."""
        self._manager.trust(ca)

    async def stop(self) -> None:
        """End controllers and pods."""
        self._manager.stop()
        self.cluster.stop()
        await self.kubelet.stop()

    def state(self) -> dict[str, Any]:
        """Counts of objects, and the pods that serve."""
        counts = {name: len(refs) for name, refs in sorted(self.cluster.refs.items()) if refs}
        pods = [
            {
                "namespace": pod.namespace,
                "name": pod.name,
                "address": pod.ip,
                "ready": pod.ready,
                "terminating": pod.terminating,
                "requests": server.served,
                "connections": len(server.connections),
            }
            for key, server in self.kubelet.servers.items()
            if (pod := self.cluster.pods.get(key)) is not None
        ]
        return {"objects": counts, "pods": pods}
