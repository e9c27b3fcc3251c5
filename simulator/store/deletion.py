"""What a deletion does to an object, decided without touching the store.

A real API server deletes in steps (k8s.io/apiserver/pkg/registry/rest/delete.go, generic/registry/store.go): a kind
that ends gracefully (a pod) first gets a deletionTimestamp in the future; finalizers hold an object with a
deletionTimestamp until they are gone; a namespace waits for its own ``spec.finalizers``. Only then it is removed.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.objects.metadata import parse_timestamp, timestamp
from simulator.objects.resource import Object, Resource

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


@dataclass(frozen=True, slots=True)
class Deletion:
    changed: Object | None
    """The object to write first, when the deletion changes it."""
    remove: bool
    """Whether the object then goes."""


def decide_deletion(resource: Resource, obj: Object, grace: int | None, propagation: str, now: datetime) -> Deletion:
    new = copy.deepcopy(obj)
    metadata = new["metadata"]
    _set_finalizers(metadata, propagation)
    if resource.cleanup and not metadata.get("deletionTimestamp"):
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), resource.cleanup]
    held = bool(metadata.get("finalizers"))
    if resource.graceful is not None:
        return _graceful(resource, obj, new, grace, held, now)
    if not held and not (new.get("spec") or {}).get("finalizers"):
        return Deletion(None, True)
    if not metadata.get("deletionTimestamp"):
        metadata["deletionTimestamp"] = timestamp(now)
        if held:
            metadata["deletionGracePeriodSeconds"] = 0
        _raise_generation(metadata)
    if resource.kind == "Namespace":
        new.setdefault("status", {})["phase"] = "Terminating"
    return Deletion(new, False)


def _graceful(resource: Resource, obj: Object, new: Object, grace: int | None, held: bool, now: datetime) -> Deletion:
    assert resource.graceful is not None
    metadata = new["metadata"]
    pending = metadata.get("deletionGracePeriodSeconds")
    if metadata.get("deletionTimestamp"):
        if not pending:
            return Deletion(None, True) if not held else Deletion(_if_changed(obj, new), False)
        if grace is None or grace >= pending:
            return Deletion(_if_changed(obj, new), False)
        began = parse_timestamp(metadata["deletionTimestamp"]) - timedelta(seconds=pending)
        metadata["deletionTimestamp"] = timestamp(began + timedelta(seconds=grace) if grace > 0 else now)
        metadata["deletionGracePeriodSeconds"] = grace
        return Deletion(new, grace <= 0 and not held)
    period = resource.graceful(obj, grace)
    metadata["deletionTimestamp"] = timestamp(now + timedelta(seconds=period))
    metadata["deletionGracePeriodSeconds"] = period
    _raise_generation(metadata)
    return Deletion(new, period <= 0 and not held)


def decide_update_end(resource: Resource, old: Object, new: Object, subresource: str | None) -> bool:
    """Whether an update of an object that is being deleted removes it: its last finalizer went."""
    metadata = new["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    if resource.kind == "Namespace":
        return not (new.get("spec") or {}).get("finalizers")
    return bool(old["metadata"].get("finalizers")) and not metadata.get("deletionGracePeriodSeconds")


def _set_finalizers(metadata: Object, propagation: str) -> None:
    finalizers = [name for name in metadata.get("finalizers") or () if name not in (ORPHAN, FOREGROUND)]
    if propagation == "Orphan":
        finalizers.append(ORPHAN)
    elif propagation == "Foreground":
        finalizers.append(FOREGROUND)
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)


def _raise_generation(metadata: Object) -> None:
    if metadata.get("generation"):
        metadata["generation"] += 1


def _if_changed(old: Object, new: Object) -> Object | None:
    return new if new != old else None
