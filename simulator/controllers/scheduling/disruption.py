"""The disruption controller: keeps the status of PodDisruptionBudgets, by which evictions are allowed or refused."""

from __future__ import annotations

from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref, owners
from simulator.controllers.queue import Gate, Queue
from simulator.controllers.scheduling import budgets

Object = dict[str, Any]
KIND = "poddisruptionbudgets.policy"
DEPLOYMENTS = "deployments.apps"
SCALED = (DEPLOYMENTS, "replicasets.apps", "statefulsets.apps")


class DisruptionController:
    """Follows budgets, pods, and the workloads whose replicas count."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("disruption", self.sync, gate)
        cluster.on(KIND, self._changed)
        cluster.on("pods", self._pod_changed)
        for resource in SCALED:
            cluster.on(resource, self._scaled)

    def _changed(self, change: Change) -> None:
        self.queue.add(f"{change.ref.namespace}/{change.ref.name}")

    def _pod_changed(self, change: Change) -> None:
        if not self._cluster.refs.get(KIND):
            return
        seen = [pod and (pod.ready, pod.terminating, pod.labels, pod.owner) for pod in (change.old_pod, change.pod)]
        if seen[0] != seen[1]:
            self._scaled(change)

    def _scaled(self, change: Change) -> None:
        """Any budget of the namespace may be concerned."""
        for ref in self._cluster.refs.get(KIND, ()):
            if ref.namespace == change.ref.namespace:
                self.queue.add(f"{ref.namespace}/{ref.name}")

    def sync(self, key: str) -> None:
        """Write the status of one budget (`namespace/name`) when it differs."""
        namespace, _, name = key.partition("/")
        budget = self._cluster.get(KIND, namespace, name)
        if budget is None:
            return
        pods = [pod for pod in self._cluster.pods_in.get(namespace, {}).values() if budgets.selects(budget, pod.labels)]
        sizes = {str(ref): replicas for ref, replicas in map(self._scale, dict.fromkeys(pod.owner for pod in pods))}
        status = budgets.status(budget, pods, sum(sizes.values()), self._cluster.clock.now())
        if status.get("disruptedPods"):
            self.queue.add_after(key, budgets.PATIENCE.total_seconds())
        if status != budget.get("status"):
            budget["status"] = status
            budget["metadata"].pop("resourceVersion", None)
            self._cluster.update(KIND, budget, "status")

    def _scale(self, owner: str) -> tuple[Ref | None, int]:
        """The workload behind a pod's owner, and how many replicas it wants; pods of nobody count for nothing."""
        ref = self._cluster.by_uid.get(owner)
        record = self._cluster.record(ref) if ref is not None and ref.resource in SCALED else None
        if ref is None or record is None:
            return None, 0
        for above in owners(record):
            deployment = self._cluster.by_uid.get(above.uid)
            if above.controller and deployment is not None and deployment.resource == DEPLOYMENTS:
                return self._scale(above.uid)
        replicas = (record.decode().get("spec") or {}).get("replicas", 1)
        return ref, int(replicas)
