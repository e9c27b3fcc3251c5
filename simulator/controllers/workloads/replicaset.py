"""The ReplicaSet controller: makes and ends pods as `replicas.decide` says, adopts orphans, releases strangers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref, owner_reference
from simulator.controllers.pods import Pod
from simulator.controllers.queue import Gate, Queue
from simulator.controllers.recorder import Recorder
from simulator.controllers.workloads import replicas
from simulator.controllers.workloads.templates import from_template, with_manager
from simulator.errors import ApiError
from simulator.objects.labels import matches

Object = dict[str, Any]
KIND = "replicasets.apps"


class ReplicaSetController:
    """Follows ReplicaSets and their pods."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("replicaset", self.sync, gate)
        self._events = Recorder(cluster, "replicaset-controller")
        self._selectors: dict[str, Object] = {}
        self._unchecked: dict[str, dict[str, None]] = {}
        """Set → pods that are new to it or have new labels: only these can be strangers."""
        cluster.on(KIND, self._changed)
        cluster.on("pods", self._pod_changed)

    def _changed(self, change: Change) -> None:
        self.queue.add(f"{change.ref.namespace}/{change.ref.name}")
        if change.type == "DELETED":
            self._unchecked.pop(change.record.uid, None)
            self._selectors.pop(change.record.uid, None)
            self._events.forget(change.record.uid)

    def _pod_changed(self, change: Change) -> None:
        old, new = change.old_pod, change.pod
        if old is not None and new is not None and _seen_as(old) == _seen_as(new):
            return
        for uid in sorted({pod.owner for pod in (new, old) if pod is not None}):
            ref = self._cluster.by_uid.get(uid)
            if ref is not None and ref.resource == KIND:
                self.queue.add(f"{ref.namespace}/{ref.name}")
                if new is not None and (old is None or old.labels != new.labels or old.owner != new.owner):
                    self._unchecked.setdefault(uid, {})[new.key] = None
        if change.pod is not None and not change.pod.owner and change.pod.active:
            for ref in self._cluster.refs.get(KIND, ()):
                if ref.namespace == change.ref.namespace:
                    self.queue.add(f"{ref.namespace}/{ref.name}")

    def sync(self, key: str) -> None:
        """Bring one ReplicaSet (`namespace/name`) one step nearer to its spec."""
        namespace, _, name = key.partition("/")
        found = self._cluster.get(KIND, namespace, name)
        if found is None:
            return
        if not found["metadata"].get("deletionTimestamp"):
            self._claim(found)
            self._manage(key, found)
        self._write_status(key, found)

    def _claim(self, found: Object) -> None:
        selector = found["spec"].get("selector") or {}
        uid = found["metadata"]["uid"]
        unchecked = self._unchecked.pop(uid, {})
        if self._selectors.get(uid) != selector:
            self._selectors[uid] = selector
            unchecked = {pod.key: None for pod in self._cluster.pods_of(uid)}
        for pod in (self._cluster.pods[key] for key in unchecked if key in self._cluster.pods):
            if pod.owner == uid and not pod.terminating and not matches(selector, pod.labels):
                self._rewrite_owner(pod, [ref for ref in self._owners(pod) if ref["uid"] != uid])
        for pod in list(self._cluster.unowned.get(found["metadata"]["namespace"], {}).values()):
            if pod.active and matches(selector, pod.labels):
                self._rewrite_owner(pod, [*self._owners(pod), owner_reference(found)])

    def _owners(self, pod: Pod) -> list[Object]:
        obj = self._cluster.get("pods", pod.namespace, pod.name) or {"metadata": {}}
        owners: list[Object] = obj["metadata"].get("ownerReferences") or []
        return owners

    def _rewrite_owner(self, pod: Pod, owners: list[Object]) -> None:
        obj = self._cluster.get("pods", pod.namespace, pod.name)
        if obj is not None:
            obj["metadata"]["ownerReferences"] = owners
            self._cluster.update("pods", obj)

    def _manage(self, key: str, found: Object) -> None:
        pods = self._cluster.pods_of(found["metadata"]["uid"])
        now = self._cluster.clock.now()
        decision = replicas.decide(found["spec"].get("replicas", 1), pods, lambda: self._ranks(found), now)
        new = with_manager(self._cluster, from_template(found)) if decision.create else {}
        for _ in range(decision.create):
            made = self._cluster.create("pods", new)
            self._events.normal(found, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
        for pod in decision.delete:
            try:
                self._cluster.delete(Ref("pods", pod.namespace, pod.name), uid=pod.uid)
            except ApiError as error:
                if error.code not in (404, 409):
                    raise
            self._events.normal(found, "SuccessfulDelete", f"Deleted pod: {pod.name}")
        if decision.more:
            self.queue.add(key)
        else:
            self.queue.rest(key, len(pods))

    def _ranks(self, found: Object) -> dict[str, int]:
        """Node → active pods there of all ReplicaSets with the same owner."""
        owner = next((ref["uid"] for ref in found["metadata"].get("ownerReferences") or ()), None)
        related = [found["metadata"]["uid"]]
        if owner is not None:
            siblings = self._cluster.dependents.get(owner, {})
            related = [uid for ref, uid in siblings.items() if ref.resource == KIND]
        ranks: dict[str, int] = {}
        for uid in related:
            for pod in self._cluster.pods_of(uid):
                if pod.active:
                    ranks[pod.node] = ranks.get(pod.node, 0) + 1
        return ranks

    def _write_status(self, key: str, found: Object) -> None:
        pods: Sequence[Pod] = self._cluster.pods_of(found["metadata"]["uid"])
        status, wait = replicas.status(found, pods, self._cluster.clock.now())
        if wait is not None:
            self.queue.add_after(key, wait)
        if status != found.get("status"):
            found["status"] = status
            found["metadata"].pop("resourceVersion", None)
            self._cluster.update(KIND, found, "status")


def _seen_as(pod: Pod) -> tuple[object, ...]:
    """What of a pod its set goes by; where it runs is only asked when pods have to go."""
    return (pod.uid, pod.owner, pod.labels, pod.phase, pod.ready, pod.ready_since, pod.terminating)
