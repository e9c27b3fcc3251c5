"""The list ``metadata.managedFields``: updated by every write that comes over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from simulator.managed import sets
from simulator.managed.sets import Tree
from simulator.objects.metadata import timestamp
from simulator.objects.resource import Object, Resource
from simulator.schema.normalise import Normaliser


class Manager(NamedTuple):
    """Who writes: the ``fieldManager`` parameter, else the first part of the user agent."""

    name: str
    operation: str = "Update"
    subresource: str = ""


def of_request(field_manager: str, agent: str) -> str:
    return field_manager or agent.partition("/")[0] or "unknown"


def track_update(resource: Resource, manager: Manager, new: Object, old: Object | None, now: datetime) -> None:
    """Write who owns what after an update (or a creation) into ``new``.

    The fields that changed become the manager's and nobody else's; fields that went are nobody's.
    """
    type = sets.type_of(resource)
    metadata = new["metadata"]
    if old is None:
        empty = Normaliser().struct(type, {}) if type is not None and resource.custom is None else {"metadata": {}}
        before = sets.tracked(empty)
        entries: list[Object] = []
    else:
        before = sets.tracked(old)
        given = metadata.get("managedFields")
        entries = list((given if given is not None else old["metadata"].get("managedFields")) or ())
        entries = [entry for entry in entries if entry.get("manager")]
    after = sets.tracked(new)
    if old is None:
        after.pop("status", None)
        before.pop("status", None)
    difference = sets.changed(before, after, None, type)
    gone = sets.removed(before, after, None, type)
    difference.pop(sets.MEMBER, None)
    metadata["managedFields"] = updated(resource, entries, manager, difference, gone, now)


def updated(
    resource: Resource, entries: list[Object], manager: Manager, taken: Tree, gone: Tree, now: datetime
) -> list[Object]:
    """The entries after ``manager`` took some fields and others went."""
    out: list[Object] = []
    found = False
    for entry in entries:
        own = is_of(entry, manager, resource)
        found = found or own
        old_set = sets.from_fields(entry.get("fieldsV1"))
        new_set = sets.minus(old_set, gone)
        new_set = sets.union(new_set, taken) if own else sets.minus(new_set, taken)
        if new_set:
            same = sets.to_fields(new_set) == sets.to_fields(old_set)
            out.append(entry if same else {**entry, **_dated(entry, now), "fieldsV1": sets.to_fields(new_set)})
    if not found and taken:
        out.append(entry_of(resource, manager, taken, now))
    return in_order(out)


def entry_of(resource: Resource, manager: Manager, fields: Tree, now: datetime) -> Object:
    entry: dict[str, Any] = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": resource.api_version,
        "time": timestamp(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": sets.to_fields(fields),
    }
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def is_of(entry: Object, manager: Manager, resource: Resource) -> bool:
    same = (entry.get("manager"), entry.get("operation"), entry.get("subresource") or "") == manager
    return same and entry.get("apiVersion") == resource.api_version


def in_order(entries: list[Object]) -> list[Object]:
    """Apply before Update, then by time, then by name (managedfields.sortEncodedManagedFields)."""
    return sorted(
        entries,
        key=lambda e: (e.get("operation", ""), e.get("time") or "", e.get("manager", ""), e.get("subresource") or ""),
    )


def _dated(entry: Object, now: datetime) -> Object:
    return {"time": timestamp(now)}
