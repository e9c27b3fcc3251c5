"""The garbage collector: what is owned goes when all its owners are gone.

Rules (pkg/controller/garbagecollector): an object whose owners are all absent is deleted in the background; while one
is left, only the references to the absent ones go. Deleted with Foreground, an owner keeps the finalizer
`foregroundDeletion` until nothing is left that blocks it; with Orphan it keeps `orphan` until its dependents no longer
name it.
"""

from __future__ import annotations

from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref, owners
from simulator.controllers.queue import Gate, Queue
from simulator.errors import ApiError
from simulator.store.deletion import FOREGROUND, ORPHAN

Object = dict[str, Any]


class GarbageCollector:
    """Follows everything."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self._refs: dict[str, Ref] = {}
        self._owners = Queue("garbage-owners", self._owner, gate)
        self.queue = Queue("garbage", self.sync, gate)
        cluster.on_every(self._changed)

    def stop(self) -> None:
        self._owners.stop()

    def _changed(self, change: Change) -> None:
        uid = change.record.uid
        if change.type == "DELETED":
            for ref in self._cluster.dependents.get(uid, ()):
                self._add(ref)
            for owner in owners(change.record):
                self._owners.add(owner.uid)  # it may wait for this one
            return
        body = change.record.body
        if b'"finalizers"' in body and b'"deletionTimestamp"' in body:
            self._owners.add(uid)
        if change.type == "ADDED" and any(o.uid not in self._cluster.by_uid for o in owners(change.record)):
            self._add(change.ref)

    def _add(self, ref: Ref) -> None:
        key = "\0".join(ref)
        self._refs[key] = ref
        self.queue.add(key)

    def sync(self, key: str) -> None:
        """Delete one dependent, or take the references to absent owners from it."""
        ref = self._refs.pop(key, None)
        obj = self._cluster.at(ref) if ref is not None else None
        if ref is None or obj is None or obj["metadata"].get("deletionTimestamp"):
            return
        named = obj["metadata"].get("ownerReferences") or []
        left = [owner for owner in named if owner.get("uid") in self._cluster.by_uid]
        try:
            if named and not left:
                propagation = _wanted(obj)
                self._cluster.delete(ref, uid=obj["metadata"]["uid"], propagation=propagation)
            elif len(left) != len(named):
                obj["metadata"]["ownerReferences"] = left
                self._cluster.update(ref.resource, obj)
        except ApiError as error:
            if error.code not in (404, 409):
                self._refs[key] = ref
                raise

    def _owner(self, uid: str) -> None:
        """Take one step in the deletion of an owner that waits for its dependents."""
        ref = self._cluster.by_uid.get(uid)
        obj = self._cluster.at(ref) if ref is not None else None
        if ref is None or obj is None or not obj["metadata"].get("deletionTimestamp"):
            return
        finalizers = obj["metadata"].get("finalizers") or []
        dependents = list(self._cluster.dependents.get(uid, ()))
        if ORPHAN in finalizers:
            for dependent in dependents:
                self._release(dependent, uid)
            self._drop(ref, obj, ORPHAN)
        elif FOREGROUND in finalizers:
            blocking = [d for d in dependents if self._end(d, uid)]
            if not blocking:
                self._drop(ref, obj, FOREGROUND)

    def _release(self, ref: Ref, uid: str) -> None:
        obj = self._cluster.at(ref)
        if obj is not None:
            named = obj["metadata"].get("ownerReferences") or []
            obj["metadata"]["ownerReferences"] = [owner for owner in named if owner.get("uid") != uid]
            self._cluster.update(ref.resource, obj)

    def _end(self, ref: Ref, uid: str) -> bool:
        """Delete a dependent in the foreground too; whether it blocks its owner."""
        obj = self._cluster.at(ref)
        if obj is None:
            return False
        if not obj["metadata"].get("deletionTimestamp"):
            try:
                self._cluster.delete(ref, uid=obj["metadata"]["uid"], propagation="Foreground")
            except ApiError as error:
                if error.code not in (404, 409):
                    raise
        named = obj["metadata"].get("ownerReferences") or []
        blocks = any(owner.get("uid") == uid and owner.get("blockOwnerDeletion") for owner in named)
        return blocks and self._cluster.at(ref) is not None

    def _drop(self, ref: Ref, obj: Object, finalizer: str) -> None:
        obj = self._cluster.at(ref) or obj
        left = [name for name in obj["metadata"].get("finalizers") or [] if name != finalizer]
        obj["metadata"]["finalizers"] = left
        self._cluster.update(ref.resource, obj)


def _wanted(obj: Object) -> str:
    """A dependent that has a deletion finalizer of its own keeps that way of going."""
    finalizers = obj["metadata"].get("finalizers") or []
    return "Orphan" if ORPHAN in finalizers else "Foreground" if FOREGROUND in finalizers else "Background"
