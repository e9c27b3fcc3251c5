"""The scheduler: gives each pod the ready node with the fewest pods, and its labels of place.

Binding writes the node, the node's zone and region labels (the PodTopologyLabels admission) and the condition
PodScheduled in one write, as the API server does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.controllers.cluster import Change, Cluster
from simulator.controllers.queue import Gate, Queue
from simulator.controllers.recorder import Recorder
from simulator.controllers.scheduling import placement

Object = dict[str, Any]
PLACES = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class Scheduler:
    """Follows pods without a node, and nodes (a new one may take what waits)."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("scheduler", self.sync, gate)
        self._events = Recorder(cluster, "default-scheduler")
        self._waiting: dict[str, None] = {}
        self._load: dict[str, int] = {}
        self._nodes: list[Object] | None = None
        cluster.on("pods", self._pod_changed)
        cluster.on("nodes", self._node_changed)

    def _pod_changed(self, change: Change) -> None:
        key = f"{change.ref.namespace}/{change.ref.name}"
        before = change.old_pod.node if change.old_pod is not None else ""
        after = change.pod.node if change.pod is not None else ""
        if before != after:
            self._load[before] = self._load.get(before, 0) - 1
            self._load[after] = self._load.get(after, 0) + 1
        if change.pod is None or after:
            self._waiting.pop(key, None)
        elif not change.pod.terminating and key not in self._waiting:
            self._waiting[key] = None
            self.queue.add(key)

    def _node_changed(self, change: Change) -> None:
        self._nodes = None
        for key in self._waiting:
            self.queue.add(key)

    def sync(self, key: str) -> None:
        """Bind one pod (`namespace/name`), or say why it cannot be bound."""
        namespace, _, name = key.partition("/")
        pod = self._cluster.get("pods", namespace, name)
        if pod is None or pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
            return
        if pod["spec"].get("schedulerName", "default-scheduler") != "default-scheduler":
            return
        if self._nodes is None:
            self._nodes = self._cluster.list("nodes")
        node = choose(pod, self._nodes, self._load)
        if node is None:
            text = why_not(pod, self._nodes)
            set_condition(pod, "False", self._cluster.clock.timestamp(), "Unschedulable", text)
            self._cluster.update("pods", pod, "status")
            self._events.warning(pod, "FailedScheduling", text)
            return
        pod["spec"]["nodeName"] = node["metadata"]["name"]
        labels = node["metadata"].get("labels") or {}
        places = {key: labels[key] for key in PLACES if key in labels}
        pod["metadata"]["labels"] = {**(pod["metadata"].get("labels") or {}), **places}
        set_condition(pod, "True", self._cluster.clock.timestamp())
        self._cluster.update("pods", pod, "binding")
        text = f"Successfully assigned {key} to {node['metadata']['name']}"
        self._events.normal(pod, "Scheduled", text)


def choose(pod: Object, nodes: list[Object], load: Mapping[str, int]) -> Object | None:
    """The fitting node with the fewest pods, by name among equals."""
    fitting = [node for node in nodes if _fits(pod, node)]
    return min(fitting, key=lambda n: (load.get(n["metadata"]["name"], 0), n["metadata"]["name"]), default=None)


def why_not(pod: Object, nodes: list[Object]) -> str:
    """The message of a pod that fits nowhere: how many nodes have which obstacle."""
    counts: dict[str, int] = {}
    for node in nodes:
        reason = placement.obstacle(pod["spec"], node) or "node(s) were not ready"
        counts[reason] = counts.get(reason, 0) + 1
    reasons = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items())) or "no nodes"
    return f"0/{len(nodes)} nodes are available: {reasons}."


def _fits(pod: Object, node: Object) -> bool:
    return placement.ready(node) == "True" and not placement.obstacle(pod["spec"], node)


def set_condition(pod: Object, value: str, moment: str, reason: str = "", message: str = "") -> None:
    """Set PodScheduled."""
    condition = {"type": "PodScheduled", "status": value, "lastProbeTime": None, "lastTransitionTime": moment}
    if reason:
        condition.update(reason=reason, message=message)
    status = pod.setdefault("status", {})
    known = [c for c in status.get("conditions") or [] if c.get("type") != "PodScheduled"]
    qos = status.pop("qosClass", None)
    status["conditions"] = [*known, condition]
    if qos is not None:
        status["qosClass"] = qos
