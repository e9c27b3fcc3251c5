"""The EndpointSliceMirroring controller: Endpoints that somebody keeps by hand appear as EndpointSlices too."""

from __future__ import annotations

from simulator.controllers.cluster import Change, Cluster, Ref
from simulator.controllers.endpoints import mirror
from simulator.controllers.endpoints.slices import MANAGED_BY, SERVICE_NAME, Plan
from simulator.controllers.queue import Gate, Queue

KIND = "endpointslices.discovery.k8s.io"


class EndpointSliceMirroringController:
    """Follows Endpoints, Services, and the slices it keeps."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("endpointslicemirroring", self.sync, gate)
        cluster.on("endpoints", self._changed)
        cluster.on("services", self._changed)
        cluster.on(KIND, self._slice_changed)

    def _changed(self, change: Change) -> None:
        self.queue.add(f"{change.ref.namespace}/{change.ref.name}")

    def _slice_changed(self, change: Change) -> None:
        if change.record.labels.get(MANAGED_BY) == mirror.CONTROLLER:
            self.queue.add(f"{change.ref.namespace}/{change.record.labels.get(SERVICE_NAME, '')}")

    def sync(self, key: str) -> None:
        """Write what differs for one Endpoints object (`namespace/name`); its slices go with it, as it owns them."""
        namespace, _, name = key.partition("/")
        service = self._cluster.get("services", namespace, name)
        endpoints = self._cluster.get("endpoints", namespace, name)
        if endpoints is None:
            return
        existing = [
            found
            for found in self._cluster.children(endpoints["metadata"]["uid"], KIND)
            if (found["metadata"].get("labels") or {}).get(MANAGED_BY) == mirror.CONTROLLER
        ]
        mirrored = mirror.mirrored(endpoints, service)
        plan = mirror.plan(endpoints, existing) if mirrored else Plan(delete=existing)
        for made in plan.create:
            self._cluster.create(KIND, made)
        for changed in plan.update:
            self._cluster.update(KIND, changed)
        for gone in plan.delete:
            self._cluster.delete(Ref(KIND, namespace, gone["metadata"]["name"]))
