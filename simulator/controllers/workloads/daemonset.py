"""The DaemonSet controller: one pod on each node that should run one, as `daemons` decides."""

from __future__ import annotations

from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref
from simulator.controllers.pods import Pod
from simulator.controllers.queue import Gate, Queue
from simulator.controllers.recorder import Recorder
from simulator.controllers.scheduling import placement
from simulator.controllers.workloads import daemons, history
from simulator.controllers.workloads.ordinals import HASH
from simulator.controllers.workloads.templates import from_template, with_manager
from simulator.errors import ApiError

Object = dict[str, Any]
KIND = "daemonsets.apps"


class DaemonSetController:
    """Follows DaemonSets, their pods and all nodes."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("daemonset", self.sync, gate)
        self._events = Recorder(cluster, "daemonset-controller")
        cluster.on(KIND, self._changed)
        cluster.on("pods", self._pod_changed)
        cluster.on("nodes", self._node_changed)

    def _changed(self, change: Change) -> None:
        self.queue.add(f"{change.ref.namespace}/{change.ref.name}")
        if change.type == "DELETED":
            self._events.forget(change.record.uid)

    def _pod_changed(self, change: Change) -> None:
        for pod in (change.old_pod, change.pod):
            ref = self._cluster.by_uid.get(pod.owner) if pod is not None else None
            if ref is not None and ref.resource == KIND:
                self.queue.add(f"{ref.namespace}/{ref.name}")

    def _node_changed(self, change: Change) -> None:
        for ref in self._cluster.refs.get(KIND, ()):
            self.queue.add(f"{ref.namespace}/{ref.name}")

    def sync(self, key: str) -> None:
        """Bring one DaemonSet (`namespace/name`) one step nearer to its spec."""
        namespace, _, name = key.partition("/")
        found = self._cluster.get(KIND, namespace, name)
        if found is None:
            return
        known, newest = history.sync(self._cluster, found)
        digest = newest["metadata"]["labels"][HASH]
        spec = daemons.pod_spec(found["spec"]["template"])
        nodes = self._cluster.list("nodes")
        running = [node["metadata"]["name"] for node in nodes if daemons.should_run(spec, node)]
        update = daemons.update_of(found, digest, len(running), self._cluster.clock.now())
        if not found["metadata"].get("deletionTimestamp"):
            self._step(found, spec, nodes, running, update)
        pods = self._pods(found)
        self._wait(key, pods, update)
        status = daemons.status(found, spec, nodes, pods, update)
        if status != found.get("status"):
            found["status"] = status
            found["metadata"].pop("resourceVersion", None)
            self._cluster.update(KIND, found, "status")
        hashes = {digest, *(pod.labels.get(HASH, "") for there in pods.values() for pod in there)}
        used = {one["metadata"]["name"] for one in known if one["metadata"]["labels"].get(HASH) in hashes}
        history.truncate(self._cluster, known, used, found["spec"].get("revisionHistoryLimit", 10))

    def _step(
        self, found: Object, spec: Object, nodes: list[Object], running: list[str], update: daemons.Update
    ) -> None:
        pods = self._pods(found)
        step = daemons.decide(spec, nodes, pods, update)
        if step == daemons.Step() and update.rolling:
            step = daemons.roll(running, pods, update)
        for node in step.create:
            self._create(found, spec, node, update.newest)
        for pod in step.delete:
            self._delete(found, pod)

    def _wait(self, key: str, pods: dict[str, list[Pod]], update: daemons.Update) -> None:
        """Come back when the next ready pod is available."""
        ready = [pod for there in pods.values() for pod in there if pod.ready and not pod.terminating]
        waits = [pod.wait(update.minimum, update.now) for pod in ready]
        if soon := [wait for wait in waits if wait > 0]:
            self.queue.add_after(key, min(soon))

    def _pods(self, found: Object) -> dict[str, list[Pod]]:
        """Node → the set's pods that are there, or are bound for it."""
        there: dict[str, list[Pod]] = {}
        for pod in self._cluster.pods_of(found["metadata"]["uid"]):
            there.setdefault(pod.node or self._target(pod), []).append(pod)
        return there

    def _target(self, pod: Pod) -> str:
        obj = self._cluster.get("pods", pod.namespace, pod.name)
        return placement.target(obj["spec"]) if obj is not None else ""

    def _create(self, found: Object, spec: Object, node: str, digest: str) -> None:
        pod = from_template(found)
        labels = {**(pod["metadata"].get("labels") or {}), HASH: digest}
        pod["metadata"] = {**pod["metadata"], "labels": dict(sorted(labels.items()))}
        pod["spec"] = placement.only_on(spec, node)
        made = self._cluster.create("pods", with_manager(self._cluster, pod))
        self._events.normal(found, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")

    def _delete(self, found: Object, pod: Pod) -> None:
        try:
            self._cluster.delete(Ref("pods", pod.namespace, pod.name), uid=pod.uid)
        except ApiError as error:
            if error.code not in (404, 409):
                raise
        self._events.normal(found, "SuccessfulDelete", f"Deleted pod: {pod.name}")
