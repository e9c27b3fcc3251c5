"""The EndpointSlice controller: keeps the slices of every Service with a selector as `slices.plan` says."""

from __future__ import annotations

from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref
from simulator.controllers.endpoints import slices
from simulator.controllers.endpoints.addressing import TriggerTimes, selects
from simulator.controllers.endpoints.services import ServiceIndex
from simulator.controllers.queue import Gate, Queue
from simulator.controllers.scheduling import placement

Object = dict[str, Any]
KIND = "endpointslices.discovery.k8s.io"
ZONE = "topology.kubernetes.io/zone"


class EndpointSliceController:
    """Follows Services, their pods, nodes (for zones), and slices that somebody else changed."""

    def __init__(self, cluster: Cluster, services: ServiceIndex, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("endpointslice", self.sync, gate)
        self._triggers = TriggerTimes()
        self._zones: dict[str, str] = {}
        self._cores: dict[str, float] = {}
        self._cpu: dict[str, float] = {}
        self._written: dict[str, int] = {}
        services.on_change(self.queue.add)
        cluster.on("nodes", self._node_changed)
        cluster.on(KIND, self._slice_changed)

    def _node_changed(self, change: Change) -> None:
        before = (dict(self._zones), self._cpu)
        if change.type == "DELETED":
            self._zones.pop(change.ref.name, None)
            self._cores.pop(change.ref.name, None)
        else:
            self._zones[change.ref.name] = change.record.labels.get(ZONE, "")
            self._cores[change.ref.name] = _cores(change.record.decode())
        cpu: dict[str, float] = {}
        for node, cores in self._cores.items():
            if cores and self._zones[node]:
                cpu[self._zones[node]] = cpu.get(self._zones[node], 0.0) + cores
        self._cpu = dict(sorted(cpu.items()))
        if before != (self._zones, self._cpu):
            for ref in self._cluster.refs.get("services", ()):
                self.queue.add(f"{ref.namespace}/{ref.name}")

    def _slice_changed(self, change: Change) -> None:
        """Our own writes are known by their revision; anything else is put right again."""
        service = change.record.labels.get(slices.SERVICE_NAME)
        managed = change.record.labels.get(slices.MANAGED_BY) == slices.CONTROLLER
        if service and managed and self._written.pop(change.record.uid, None) is None:
            self.queue.add(f"{change.ref.namespace}/{service}")

    def sync(self, key: str) -> None:
        """Write what differs for one Service (`namespace/name`): create, then update, then delete."""
        namespace, _, name = key.partition("/")
        service = self._cluster.get("services", namespace, name)
        selector = selects(service) if service is not None else None
        if service is None:
            self._triggers.forget(key)  # its slices go with it, by their owner reference
            return
        if selector is None or service["metadata"].get("deletionTimestamp"):
            return
        pods = self._cluster.selected(namespace, selector)
        existing = [
            found
            for found in self._cluster.children(service["metadata"]["uid"], KIND)
            if (found["metadata"].get("labels") or {}).get(slices.MANAGED_BY) == slices.CONTROLLER
        ]
        trigger = self._triggers.change(key, service["metadata"]["creationTimestamp"], pods)
        self.queue.rest(key, len(pods))
        plan = slices.plan(service, pods, self._zones, existing, trigger, self._cpu)
        for made in plan.create:
            self._cluster.create(KIND, made)
        for changed in plan.update:
            self._written[changed["metadata"]["uid"]] = 1
            self._cluster.update(KIND, changed)
            self._written.pop(changed["metadata"]["uid"], None)
        for gone in plan.delete:
            self._written[gone["metadata"]["uid"]] = 1
            self._cluster.delete(Ref(KIND, namespace, gone["metadata"]["name"]))
            self._written.pop(gone["metadata"]["uid"], None)


def _cores(node: Object) -> float:
    """The CPU that a node can give to pods, 0 while it is not ready."""
    if placement.ready(node) != "True":
        return 0.0
    text = str(((node.get("status") or {}).get("allocatable") or {}).get("cpu", "0"))
    try:
        return float(text.removesuffix("m")) / (1000 if text.endswith("m") else 1)
    except ValueError:
        return 0.0
