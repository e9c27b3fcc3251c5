"""The StatefulSet controller: makes and ends numbered pods as `ordinals.decide` says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref, owner_reference
from simulator.controllers.pods import Pod
from simulator.controllers.queue import Gate, Queue
from simulator.controllers.recorder import Recorder
from simulator.controllers.workloads import history, ordinals
from simulator.controllers.workloads.ordinals import HASH
from simulator.controllers.workloads.templates import from_template, with_manager
from simulator.errors import ApiError

Object = dict[str, Any]
KIND = "statefulsets.apps"
POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"


class StatefulSetController:
    """Follows StatefulSets and their pods."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("statefulset", self.sync, gate)
        self._events = Recorder(cluster, "statefulset-controller")
        cluster.on(KIND, self._changed)
        cluster.on("pods", self._pod_changed)

    def _changed(self, change: Change) -> None:
        self.queue.add(f"{change.ref.namespace}/{change.ref.name}")
        if change.type == "DELETED":
            self._events.forget(change.record.uid)

    def _pod_changed(self, change: Change) -> None:
        for pod in (change.old_pod, change.pod):
            ref = self._cluster.by_uid.get(pod.owner) if pod is not None else None
            if ref is not None and ref.resource == KIND:
                self.queue.add(f"{ref.namespace}/{ref.name}")

    def sync(self, key: str) -> None:
        """Bring one StatefulSet (`namespace/name`) one step nearer to its spec."""
        namespace, _, name = key.partition("/")
        found = self._cluster.get(KIND, namespace, name)
        if found is None:
            return
        known, newest = history.sync(self._cluster, found)
        names = {one["metadata"]["name"]: one for one in known}
        current = (found.get("status") or {}).get("currentRevision") or newest["metadata"]["name"]
        fresh = newest["metadata"]["name"]
        want = _want(found, current if current in names else fresh, fresh, self._cluster.clock.now())
        if not found["metadata"].get("deletionTimestamp"):
            step = ordinals.decide(want, self._pods(found))
            for ordinal, revision in step.create:
                self._create(found, names[revision], ordinal)
            for pod in step.delete:
                self._delete(found, pod)
        self._write_status(key, found, want)
        used = {want.current, want.newest, *(pod.labels.get(HASH, "") for pod in self._pods(found).values())}
        history.truncate(self._cluster, known, used, found["spec"].get("revisionHistoryLimit", 10))

    def _pods(self, found: Object) -> dict[int, Pod]:
        numbered = (
            (ordinals.ordinal_of(found["metadata"]["name"], pod.name), pod)
            for pod in self._cluster.pods_of(found["metadata"]["uid"])
        )
        return {ordinal: pod for ordinal, pod in numbered if ordinal is not None}

    def _create(self, found: Object, revision: Object, ordinal: int) -> None:
        pod = _pod(found, revision, ordinal)
        for claim in _claims(found, ordinal):
            place = ("persistentvolumeclaims", claim["metadata"]["namespace"], claim["metadata"]["name"])
            if self._cluster.get(*place) is None:
                self._cluster.create("persistentvolumeclaims", claim)
        name, owner = pod["metadata"]["name"], found["metadata"]["name"]
        try:
            self._cluster.create("pods", with_manager(self._cluster, pod))
        except ApiError as error:
            text = f"create Pod {name} in StatefulSet {owner} failed error: {error}"
            self._events.warning(found, "FailedCreate", text)
            raise
        self._events.normal(found, "SuccessfulCreate", f"create Pod {name} in StatefulSet {owner} successful")

    def _delete(self, found: Object, pod: Pod) -> None:
        try:
            self._cluster.delete(Ref("pods", pod.namespace, pod.name), uid=pod.uid)
        except ApiError as error:
            if error.code not in (404, 409):
                raise
        text = f"delete Pod {pod.name} in StatefulSet {found['metadata']['name']} successful"
        self._events.normal(found, "SuccessfulDelete", text)

    def _write_status(self, key: str, found: Object, want: ordinals.Want) -> None:
        pods = list(self._pods(found).values())
        waits = [pod.wait(want.minimum, want.now) for pod in pods if pod.ready]
        available = sum(wait <= 0 for wait in waits)
        if available < len(waits):
            self.queue.add_after(key, min(wait for wait in waits if wait > 0))
        old = found.get("status") or {}
        generation = found["metadata"].get("generation", 0)
        status = ordinals.status(want, pods, available, generation, old)
        if status != {key: value for key, value in old.items() if key != "conditions"}:
            found["status"] = status
            found["metadata"].pop("resourceVersion", None)
            self._cluster.update(KIND, found, "status")


def _want(found: Object, current: str, newest: str, now: datetime) -> ordinals.Want:
    spec = found["spec"]
    strategy = spec.get("updateStrategy") or {}
    return ordinals.Want(
        replicas=spec.get("replicas", 1),
        current=current,
        newest=newest,
        start=(spec.get("ordinals") or {}).get("start") or 0,
        partition=(strategy.get("rollingUpdate") or {}).get("partition") or 0,
        parallel=spec.get("podManagementPolicy") == "Parallel",
        rolling=strategy.get("type", "RollingUpdate") == "RollingUpdate",
        minimum=spec.get("minReadySeconds") or 0,
        now=now,
    )


def _pod(found: Object, revision: Object, ordinal: int) -> Object:
    """One pod with its name, host name and volumes (stateful_set_utils.go newStatefulSetPod)."""
    pod = from_template(found, history.template_of(revision))
    owner, spec = found["metadata"]["name"], found["spec"]
    name = f"{owner}-{ordinal}"
    labels = {
        **(pod["metadata"].get("labels") or {}),
        POD_INDEX: str(ordinal),
        HASH: revision["metadata"]["name"],
        POD_NAME: name,
    }
    pod["metadata"] = {**pod["metadata"], "name": name, "labels": dict(sorted(labels.items()))}
    pod["spec"] = {**pod["spec"], "hostname": name}
    if spec.get("serviceName"):
        pod["spec"]["subdomain"] = spec["serviceName"]
    templates = [template["metadata"]["name"] for template in spec.get("volumeClaimTemplates") or []]
    if templates:
        volumes = [v for v in pod["spec"].get("volumes") or [] if v.get("name") not in templates]
        claimed = [{"name": t, "persistentVolumeClaim": {"claimName": f"{t}-{name}"}} for t in templates]
        pod["spec"]["volumes"] = [*claimed, *volumes]
    return pod


def _claims(found: Object, ordinal: int) -> list[Object]:
    """The claims of one pod; they outlive it, unless the set's retention policy says otherwise."""
    metadata, spec = found["metadata"], found["spec"]
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    owners = [owner_reference(found)] if retention.get("whenDeleted") == "Delete" else []
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    return [
        {
            "metadata": {
                "name": f"{template['metadata']['name']}-{metadata['name']}-{ordinal}",
                "namespace": metadata["namespace"],
                "labels": {**(template["metadata"].get("labels") or {}), **labels},
                "ownerReferences": owners,
            },
            "spec": template.get("spec") or {},
            "status": {"phase": "Pending"},
        }
        for template in spec.get("volumeClaimTemplates") or []
    ]
