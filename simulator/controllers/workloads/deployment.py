"""The Deployment controller: makes the ReplicaSet of the current template and scales old and new as `rollout` says."""

from __future__ import annotations

import copy
from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref, owners
from simulator.controllers.queue import Gate, Queue
from simulator.controllers.recorder import Recorder
from simulator.controllers.workloads import rollout
from simulator.controllers.workloads.deployment_status import (
    calculate,
    complete,
    condition_of,
    progress,
    with_condition,
)
from simulator.controllers.workloads.revisions import (
    DESIRED,
    MAXIMUM,
    REVISION,
    annotations_for,
    expired,
    find_new,
    new_replica_set,
    number,
    revision_of,
)

Object = dict[str, Any]
KIND = "deployments.apps"
SETS = "replicasets.apps"


class DeploymentController:
    """Follows Deployments, their ReplicaSets, and the ends of their pods (for Recreate)."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("deployment", self.sync, gate)
        self._events = Recorder(cluster, "deployment-controller")
        cluster.on(KIND, self._changed)
        cluster.on(SETS, self._set_changed)
        cluster.on("pods", self._pod_changed)
        self._owner_of: dict[str, str] = {}

    def _changed(self, change: Change) -> None:
        self.queue.add(f"{change.ref.namespace}/{change.ref.name}")
        if change.type == "DELETED":
            self._events.forget(change.record.uid)

    def _set_changed(self, change: Change) -> None:
        controller = next((owner.uid for owner in owners(change.record) if owner.controller), "")
        self._owner_of[change.record.uid] = controller
        self._enqueue_owner(change.record.uid)
        if change.type == "DELETED":
            self._owner_of.pop(change.record.uid, None)

    def _pod_changed(self, change: Change) -> None:
        if change.type == "DELETED" and change.old_pod is not None:
            self._enqueue_owner(change.old_pod.owner)

    def _enqueue_owner(self, replica_set_uid: str) -> None:
        ref = self._cluster.by_uid.get(self._owner_of.get(replica_set_uid, ""))
        if ref is not None and ref.resource == KIND:
            self.queue.add(f"{ref.namespace}/{ref.name}")

    def sync(self, key: str) -> None:
        """Bring one Deployment (`namespace/name`) one step nearer to its spec."""
        namespace, _, name = key.partition("/")
        deployment = self._cluster.get(KIND, namespace, name)
        if deployment is None:
            return
        sets = self._sets(deployment)
        new = find_new(deployment, sets)
        want = rollout.strategy(deployment["spec"])
        paused = bool(deployment["spec"].get("paused"))
        deployment = self._pause_condition(deployment, paused)
        if deployment["metadata"].get("deletionTimestamp"):
            self._write_status(deployment, calculate(deployment, want, new, sets, self._cluster.clock.now()))
        elif paused or rollout.is_scaling(want, [_lean(s) for s in sets]):
            self._scale(deployment, want, new, sets)
        else:
            self._roll(key, deployment, want, new, sets)

    def _sets(self, deployment: Object) -> list[Object]:
        return self._cluster.children(deployment["metadata"]["uid"], SETS)

    # the two ways to go on

    def _scale(self, deployment: Object, want: rollout.Strategy, new: Object | None, sets: list[Object]) -> None:
        if new is not None:
            new = self._sync_revision(deployment, want, new, sets)
        old = [s for s in sets if new is None or s["metadata"]["uid"] != new["metadata"]["uid"]]
        replicas = (deployment.get("status") or {}).get("replicas") or 0
        lean_new = _lean(new) if new else None
        self._apply(deployment, want, sets, rollout.scale(want, lean_new, [_lean(s) for s in old], replicas))
        sets = self._sets(deployment)
        for found in sets:  # sets that keep their size still learn what they were last scaled for
            self._resize(deployment, want, found, found["spec"].get("replicas", 0))
        sets = self._sets(deployment)
        new = find_new(deployment, sets)
        self._write_status(deployment, calculate(deployment, want, new, sets, self._cluster.clock.now()))

    def _roll(
        self, key: str, deployment: Object, want: rollout.Strategy, new: Object | None, sets: list[Object]
    ) -> None:
        old = [s for s in sets if new is None or s["metadata"]["uid"] != new["metadata"]["uid"]]
        if want.recreate:
            left = any(self._cluster.pods_of(s["metadata"]["uid"]) for s in old)
            scales = rollout.recreate(want, _lean(new) if new else None, [_lean(s) for s in old], left)
            if scales is None:
                deployment, new = self._make(deployment, want, sets)
                scales = {}
            elif new is not None:
                new = self._sync_revision(deployment, want, new, sets)
        else:
            if new is None:
                deployment, new = self._make(deployment, want, sets)
            else:
                new = self._sync_revision(deployment, want, new, sets)
            scales = rollout.roll(want, _lean(new), [_lean(s) for s in old])
        self._apply(deployment, want, sets, scales)
        self._finish(key, deployment, want)

    def _finish(self, key: str, deployment: Object, want: rollout.Strategy) -> None:
        now = self._cluster.clock.now()
        deployment = self._fresh(deployment)
        sets = self._sets(deployment)
        new = find_new(deployment, sets)
        status = progress(deployment, calculate(deployment, want, new, sets, now), new, now)
        if complete(deployment, status):
            for found in expired(deployment, sets, new):
                self._cluster.delete(Ref(SETS, found["metadata"]["namespace"], found["metadata"]["name"]))
        else:
            deadline = deployment["spec"].get("progressDeadlineSeconds")
            if deadline is not None and condition_of(status, "Progressing") is not None:
                self.queue.add_after(key, deadline + 1)
        self._write_status(deployment, status)

    # writing

    def _make(self, deployment: Object, want: rollout.Strategy, sets: list[Object]) -> tuple[Object, Object]:
        everything = sum(s["spec"].get("replicas", 0) for s in sets)
        replicas = rollout.new_replicas(want, 0, everything)
        revision = max((revision_of(s) for s in sets), default=0) + 1
        new = self._cluster.create(SETS, new_replica_set(deployment, replicas, want.limit, revision))
        name = new["metadata"]["name"]
        if replicas:
            self._scaled(deployment, name, 0, replicas)
        deployment = self._set_revision(deployment, str(revision))
        if deployment["spec"].get("progressDeadlineSeconds") is not None:
            conditions = (deployment.get("status") or {}).get("conditions") or []
            text = f'Created new replica set "{name}"'
            now = self._cluster.clock.now()
            kept = with_condition(conditions, "Progressing", "True", "NewReplicaSetCreated", text, now)
            deployment = self._write_status(deployment, {**(deployment.get("status") or {}), "conditions": kept})
        return deployment, new

    def _sync_revision(self, deployment: Object, want: rollout.Strategy, new: Object, sets: list[Object]) -> Object:
        """The new set has the highest revision (an undo raises an old one), and the deployment the same."""
        others = [s for s in sets if s["metadata"]["uid"] != new["metadata"]["uid"]]
        highest = max((revision_of(s) for s in others), default=0) + 1
        revision = str(max(highest, revision_of(new)))
        wanted = annotations_for(deployment, new, revision)
        minimum = deployment["spec"].get("minReadySeconds") or 0
        if wanted != (new["metadata"].get("annotations") or {}) or (new["spec"].get("minReadySeconds") or 0) != minimum:
            changed = copy.deepcopy(new)
            changed["metadata"]["annotations"] = wanted
            if minimum:
                changed["spec"]["minReadySeconds"] = minimum
            else:
                changed["spec"].pop("minReadySeconds", None)
            new = self._cluster.update(SETS, changed)
        self._set_revision(deployment, revision)
        return new

    def _set_revision(self, deployment: Object, revision: str) -> Object:
        deployment = self._fresh(deployment)
        annotations = deployment["metadata"].get("annotations") or {}
        if annotations.get(REVISION) == revision:
            return deployment
        deployment["metadata"]["annotations"] = {**annotations, REVISION: revision}
        # Through the status, as the real controller does: the generation is the user's and must not rise.
        return self._cluster.update(KIND, deployment, "status")

    def _apply(self, deployment: Object, want: rollout.Strategy, sets: list[Object], scales: rollout.Scales) -> None:
        for found in self._sets(deployment):
            name = found["metadata"]["name"]
            if name in scales:
                self._resize(deployment, want, found, scales[name])

    def _resize(self, deployment: Object, want: rollout.Strategy, found: Object, replicas: int) -> None:
        before = found["spec"].get("replicas", 0)
        annotations = found["metadata"].get("annotations") or {}
        limits = {DESIRED: str(want.replicas), MAXIMUM: str(want.limit)}
        if before == replicas and (before == 0 or limits.items() <= annotations.items()):
            return
        found["spec"]["replicas"] = replicas
        found["metadata"]["annotations"] = {**annotations, **limits}
        self._cluster.update(SETS, found)
        if before != replicas:
            self._scaled(deployment, found["metadata"]["name"], before, replicas)

    def _scaled(self, deployment: Object, name: str, before: int, after: int) -> None:
        direction = "up" if after > before else "down"
        text = f"Scaled {direction} replica set {name} from {before} to {after}"
        self._events.normal(deployment, "ScalingReplicaSet", text)

    def _pause_condition(self, deployment: Object, paused: bool) -> Object:
        """Progressing says when a rollout was paused and resumed (sync.go checkPausedConditions)."""
        if deployment["spec"].get("progressDeadlineSeconds") is None:
            return deployment
        status = deployment.get("status") or {}
        current = condition_of(status, "Progressing")
        reason = (current or {}).get("reason")
        if reason == "ProgressDeadlineExceeded" or paused == (reason == "DeploymentPaused"):
            return deployment
        said = (
            ("DeploymentPaused", "Deployment is paused") if paused else ("DeploymentResumed", "Deployment is resumed")
        )
        now = self._cluster.clock.now()
        kept = with_condition(status.get("conditions") or [], "Progressing", "Unknown", *said, now)
        return self._write_status(deployment, {**status, "conditions": kept})

    def _write_status(self, deployment: Object, status: Object) -> Object:
        deployment = self._fresh(deployment)
        if status == deployment.get("status"):
            return deployment
        deployment["status"] = status
        return self._cluster.update(KIND, deployment, "status")

    def _fresh(self, deployment: Object) -> Object:
        metadata = deployment["metadata"]
        return self._cluster.get(KIND, metadata["namespace"], metadata["name"]) or deployment


def _lean(found: Object) -> rollout.Set:
    metadata = found["metadata"]
    annotations = metadata.get("annotations") or {}
    return rollout.Set(
        name=metadata["name"],
        created=metadata["creationTimestamp"],
        replicas=found["spec"].get("replicas", 0),
        available=(found.get("status") or {}).get("availableReplicas", 0),
        desired=number(annotations.get(DESIRED)),
        maximum=number(annotations.get(MAXIMUM)),
    )
