"""What an update may change of an object, decided without touching the store."""

from __future__ import annotations

from typing import Any

from simulator import errors
from simulator.objects.record import Record
from simulator.objects.resource import Object, Resource


def merge_update(resource: Resource, new: Object, old: Object, subresource: str | None) -> Object:
    """What an update may change: the main resource everything but the status, ``status`` only that, and so on."""
    new.update(kind=resource.kind, apiVersion=resource.api_version)
    metadata = new["metadata"]
    before = old["metadata"]
    if subresource == "status":
        # Parts are shared with the old object, which nobody changes: copying them is most of the cost of a status.
        kept = {**old, "metadata": dict(before)}
        for field in ("annotations", "finalizers", "managedFields"):
            _carry(field, metadata, kept["metadata"])
        _carry("status", new, kept)
        new, metadata = kept, kept["metadata"]
    elif subresource is None and resource.has_status:
        _carry("status", old, new)
    for field in ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"):
        _carry(field, before, metadata)
    if before.get("generateName") and not metadata.get("generateName"):
        metadata["generateName"] = before["generateName"]
    if before.get("namespace"):
        metadata["namespace"] = before["namespace"]
    metadata.pop("selfLink", None)
    return new


def _carry(field: str, source: Object, target: Object) -> None:
    if field in source:
        target[field] = source[field]
    else:
        target.pop(field, None)


def content(resource: Resource, obj: Object) -> list[Any]:
    metadata = obj["metadata"]
    if resource.generation == ("*",):
        own = ("kind", "apiVersion", "metadata", *(("status",) if resource.has_status else ()))
        return [(key, value) for key, value in sorted(obj.items()) if key not in own]
    return [
        metadata.get(part) or None if part in ("labels", "annotations") else obj.get(part)
        for part in resource.generation
    ]


def check_preconditions(resource: Resource, record: Record, wanted: Object) -> None:
    uid, version = wanted.get("uid"), wanted.get("resourceVersion")
    if uid and uid != record.uid:
        raise errors.uid_conflict(resource, record.name, uid, record.uid)
    if version and version != "0" and version != str(record.revision):
        raise errors.conflict(resource, record.name)
