"""The namespace controller: empties a namespace that is being deleted, then lets it go.

Source: pkg/controller/namespace/deletion/namespaced_resources_deleter.go, namespace_controller.go. As there, it begins
5 s after the deletion (so that every API server has heard of it). Pods end gracefully, so emptying takes as long as
they do; the namespace says what it still waits for in its conditions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref
from simulator.controllers.queue import Gate, Queue
from simulator.errors import ApiError

Object = dict[str, Any]
FINALIZER = "kubernetes"
GRACE = 5.0
"""Seconds from the deletion to the first look (namespaceDeletionGracePeriod)."""
_FINE = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    ("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
)


class NamespaceController:
    """Follows namespaces, and what is deleted in those that end."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("namespace", self.sync, gate)
        self._ending: dict[str, None] = {}
        cluster.on("namespaces", self._changed)
        cluster.on_every(self._content_changed)

    def _changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self._ending.pop(change.ref.name, None)
        elif b'"deletionTimestamp"' in change.record.body:
            if change.ref.name in self._ending:
                self.queue.add(change.ref.name)
            else:
                self.queue.add_after(change.ref.name, GRACE)

    def _content_changed(self, change: Change) -> None:
        if change.ref.namespace in self._ending:
            self.queue.add(change.ref.namespace)

    def sync(self, name: str) -> None:
        """Delete what is left in one namespace; when nothing is, remove its finalizer."""
        namespace = self._cluster.get("namespaces", None, name)
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return
        self._ending[name] = None
        for ref, uid in self._content(name):
            self._delete(ref, uid)
        left = self._content(name)
        self._write_status(namespace, conditions(left, self._cluster, namespace))
        if left:
            return
        namespace = self._cluster.get("namespaces", None, name)
        if namespace is None:
            return
        finalizers = (namespace.get("spec") or {}).get("finalizers") or []
        if FINALIZER in finalizers:
            namespace["spec"]["finalizers"] = [f for f in finalizers if f != FINALIZER]
            self._cluster.update("namespaces", namespace, "finalize")

    def _content(self, name: str) -> list[tuple[Ref, str]]:
        return [
            (ref, uid)
            for resource, refs in self._cluster.refs.items()
            if self._cluster.rows[resource].namespaced
            for ref, uid in refs.items()
            if ref.namespace == name
        ]

    def _delete(self, ref: Ref, uid: str) -> None:
        if ref.resource == "pods" and self._cluster.pods[f"{ref.namespace}/{ref.name}"].terminating:
            return
        try:
            self._cluster.delete(ref, uid=uid)
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    def _write_status(self, namespace: Object, found: list[Object]) -> None:
        status = namespace.setdefault("status", {})
        if status.get("conditions") != found:
            status["conditions"] = found
            self._cluster.update("namespaces", namespace, "status")


def conditions(left: list[tuple[Ref, str]], cluster: Cluster, namespace: Object) -> list[Object]:
    """What the namespace says about its deletion; a condition that stays the same keeps its time."""
    remaining = _counted(
        f"{cluster.rows[ref.resource].plural}.{cluster.rows[ref.resource].group} has" for ref, _ in left
    )
    held = _counted(f"{finalizer} in" for ref, _ in left for finalizer in _finalizers(cluster, ref))
    known = {c["type"]: c for c in (namespace.get("status") or {}).get("conditions") or []}
    found: list[Object] = []
    for kind, reason, message in _FINE:
        value = "False"
        if kind == "NamespaceContentRemaining" and remaining:
            value, reason, message = "True", "SomeResourcesRemain", f"Some resources are remaining: {remaining}"
        if kind == "NamespaceFinalizersRemaining" and held:
            value, reason = "True", "SomeFinalizersRemain"
            message = f"Some content in the namespace has finalizers remaining: {held}"
        fresh = {
            "type": kind,
            "status": value,
            "lastTransitionTime": cluster.clock.timestamp(),
            "reason": reason,
            "message": message,
        }
        old = known.get(kind)
        if old is not None and old.get("status") == value:
            fresh["lastTransitionTime"] = old["lastTransitionTime"]
        found.append(fresh)
    return found


def _counted(what: Iterable[str]) -> str:
    return ", ".join(f"{said} {count} resource instances" for said, count in sorted(Counter(what).items()))


def _finalizers(cluster: Cluster, ref: Ref) -> list[str]:
    found = cluster.get(ref.resource, ref.namespace, ref.name)
    return ((found or {}).get("metadata") or {}).get("finalizers") or []
