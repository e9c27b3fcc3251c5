"""The Endpoints controller: the older, deprecated view of a Service's pods, one object for each Service."""

from __future__ import annotations

from simulator.controllers.cluster import Cluster, Ref
from simulator.controllers.endpoints import subsets
from simulator.controllers.endpoints.addressing import TriggerTimes, selects
from simulator.controllers.endpoints.services import ServiceIndex
from simulator.controllers.queue import Gate, Queue

KIND = "endpoints"


class EndpointsController:
    """Follows Services and their pods."""

    def __init__(self, cluster: Cluster, services: ServiceIndex, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("endpoints", self.sync, gate)
        self._triggers = TriggerTimes()
        services.on_change(self.queue.add)

    def sync(self, key: str) -> None:
        """Write the Endpoints of one Service (`namespace/name`) when they differ; without the Service they go."""
        namespace, _, name = key.partition("/")
        service = self._cluster.get("services", namespace, name)
        existing = self._cluster.get(KIND, namespace, name)
        if service is None:
            self._triggers.forget(key)
            if existing is not None:
                self._cluster.delete(Ref(KIND, namespace, name))
            return
        selector = selects(service)
        if selector is None:
            return
        pods = self._cluster.selected(namespace, selector)
        trigger = self._triggers.change(key, service["metadata"]["creationTimestamp"], pods)
        self.queue.rest(key, len(pods))
        desired = subsets.desired(service, pods, existing, trigger)
        if existing is None:
            self._cluster.create(KIND, desired)
        elif desired != existing:
            self._cluster.update(KIND, desired)
