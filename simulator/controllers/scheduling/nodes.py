"""The life of nodes: what their annotation asks for, taints, eviction, and pods of nodes that are gone.

Sources: pkg/controller/nodelifecycle, pkg/controller/tainteviction, pkg/controller/podgc. A node says how it is with
the annotation `simulator/node`, or by a patch of its status; heartbeats are implied.

    annotation    what follows
    (none)        Ready is True
    not-ready     Ready is False at once
    unreachable   nothing is heard of the node; Ready is Unknown 50 s later

A node whose Ready is False (Unknown) is tainted `not-ready` (`unreachable`), with NoSchedule and NoExecute; one that is
cordoned `unschedulable`. Pods that do not tolerate a NoExecute taint are deleted, at once or when their
`tolerationSeconds` have passed since the taint was added. Pods of a node that was deleted go 40 s later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator import clock
from simulator.controllers.cluster import Change, Cluster, Ref
from simulator.controllers.pods import Pod
from simulator.controllers.queue import Gate, Queue
from simulator.controllers.recorder import Recorder
from simulator.controllers.scheduling import placement
from simulator.errors import ApiError

Object = dict[str, Any]
ANNOTATION = "simulator/node"
GRACE = 50.0
"""Seconds without a word after which a node counts as unreachable (--node-monitor-grace-period)."""
QUARANTINE = 40.0
"""Seconds from a node's deletion to that of its pods (podgc quarantineTime)."""
_OURS = (placement.NOT_READY, placement.UNREACHABLE, placement.UNSCHEDULABLE)
_SAID = ("KubeletReady", "KubeletNotReady", "NodeStatusUnknown")
"""Reasons that the simulator writes; a condition with another one was patched by somebody, and stays."""


class NodeController:
    """Follows nodes, and pods that come to tainted ones."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("node", self.sync, gate)
        self._events = Recorder(cluster, "node-controller")
        self._evictions = Recorder(cluster, "taint-eviction-controller")
        self._silent_since: dict[str, float] = {}
        self._evicting: dict[str, None] = {}
        cluster.on("nodes", self._changed)
        cluster.on("pods", self._pod_changed)

    def _changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self.queue.add_after(change.ref.name, QUARANTINE)
        else:
            self.queue.add(change.ref.name)

    def _pod_changed(self, change: Change) -> None:
        pod, old = change.pod, change.old_pod
        if pod is not None and pod.node in self._evicting and (old is None or old.node != pod.node):
            self.queue.add(pod.node)

    def sync(self, name: str) -> None:
        """Bring one node's condition and taints up to date, then end the pods that do not tolerate them."""
        node = self._cluster.get("nodes", None, name)
        if node is None:
            self._silent_since.pop(name, None)
            self._evicting.pop(name, None)
            for pod in self._pods(name):
                self._delete(pod, grace_seconds=0)
            return
        node = self._say(name, node)
        now = self._cluster.clock.timestamp()
        wanted = taints(node, now)
        if wanted != placement.taints(node):
            spec = node.setdefault("spec", {})
            if wanted:
                spec["taints"] = wanted
            else:
                spec.pop("taints", None)
            node = self._cluster.update("nodes", node)
        self._evict(name, wanted)

    # the node's own word

    def _say(self, name: str, node: Object) -> Object:
        asked = (node["metadata"].get("annotations") or {}).get(ANNOTATION, "")
        now = self._cluster.clock.unix()
        if asked != "unreachable":
            self._silent_since.pop(name, None)
        silent = now - self._silent_since.setdefault(name, now) if asked == "unreachable" else 0.0
        if asked == "unreachable" and silent < GRACE:
            self.queue.add_after(name, GRACE - silent)
            return node
        known = next((c for c in _conditions(node) if c.get("type") == "Ready"), None)
        if known is None or known.get("reason") not in _SAID:
            return node
        said = condition(asked, known, self._cluster.clock.timestamp())
        if said == known:
            return node
        node["status"]["conditions"] = [said if c is known else c for c in _conditions(node)]
        if said["status"] != known["status"]:
            text = f"Node {name} status is now: {'NodeReady' if said['status'] == 'True' else 'NodeNotReady'}"
            self._events.normal(node, "NodeReady" if said["status"] == "True" else "NodeNotReady", text)
        return self._cluster.update("nodes", node, "status")

    # eviction

    def _evict(self, name: str, wanted: Sequence[Object]) -> None:
        executing = [taint for taint in wanted if taint.get("effect") == placement.NO_EXECUTE]
        if not executing:
            self._evicting.pop(name, None)
            return
        self._evicting[name] = None
        now = self._cluster.clock.unix()
        for pod in self._pods(name):
            obj = self._cluster.get("pods", pod.namespace, pod.name)
            due = eviction(obj["spec"].get("tolerations") or [], executing, now) if obj is not None else None
            if obj is None or due is None or pod.terminating:
                continue
            if due > now:
                self.queue.add_after(name, due - now)
                continue
            self._evictions.normal(obj, "TaintManagerEviction", f"Marking for deletion Pod {pod.key}")
            self._delete(pod)

    def _pods(self, node: str) -> list[Pod]:
        return [pod for pod in self._cluster.pods.values() if pod.node == node]

    def _delete(self, pod: Pod, grace_seconds: int | None = None) -> None:
        try:
            self._cluster.delete(Ref("pods", pod.namespace, pod.name), uid=pod.uid, grace_seconds=grace_seconds)
        except ApiError as error:
            if error.code not in (404, 409):
                raise


def condition(asked: str, known: Mapping[str, Any], now: str) -> Object:
    """The condition Ready as the annotation asks for it; equal to `known` when it says so already."""
    value, reason, message = {
        "not-ready": ("False", "KubeletNotReady", "the annotation simulator/node says so"),
        "unreachable": ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
    }.get(asked, ("True", "KubeletReady", known.get("message") if known.get("reason") == "KubeletReady" else ""))
    if (known.get("status"), known.get("reason")) == (value, reason):
        return dict(known)
    since = known.get("lastTransitionTime") if known.get("status") == value else now
    return {**known, "status": value, "lastTransitionTime": since, "reason": reason, "message": message}


def taints(node: Object, now: str) -> list[Object]:
    """The taints that `node` should have: those of others, and ours, which keep the time they were added at."""
    known = placement.taints(node)
    wanted: list[tuple[str, str]] = []
    if (node.get("spec") or {}).get("unschedulable"):
        wanted.append((placement.UNSCHEDULABLE, placement.NO_SCHEDULE))
    ready = placement.ready(node)
    if ready != "True" and _conditions(node):
        key = placement.NOT_READY if ready == "False" else placement.UNREACHABLE
        wanted += [(key, placement.NO_SCHEDULE), (key, placement.NO_EXECUTE)]
    result = [t for t in known if t.get("key") not in _OURS or (t.get("key"), t.get("effect")) in wanted]
    present = [(t.get("key"), t.get("effect")) for t in result]
    added = [{"key": key, "effect": effect, "timeAdded": now} for key, effect in wanted if (key, effect) not in present]
    return [*result, *added]


def eviction(tolerations: Sequence[Mapping[str, Any]], executing: Sequence[Object], now: float) -> float | None:
    """When (Unix time) a pod with these tolerations has to go; None when it may stay."""
    due: list[float] = []
    for taint in executing:
        fitting = [one for one in tolerations if placement.tolerates(one, taint)]
        if not fitting:
            return now
        since = clock.parse(taint["timeAdded"]).timestamp() if taint.get("timeAdded") else now
        seconds = [one["tolerationSeconds"] for one in fitting if one.get("tolerationSeconds") is not None]
        if seconds:
            due.append(since + max(min(seconds), 0))
    return min(due, default=None)


def _conditions(node: Object) -> list[Object]:
    found: list[Object] = (node.get("status") or {}).get("conditions") or []
    return found
