"""What a pod's managers own, without comparing objects: pods are written in thousands, and always in the same way.

A ReplicaSet's pods are alike, so the entry of their creator is found once for all that are made together. A kubelet
writes whole statuses, so its entry follows from the status. Entries are those that a real API server writes.
"""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from simulator.managed.managers import Manager, entry_of, in_order, is_of, track_update
from simulator.objects.resource import Object, Resource
from simulator.schema.normalise import as_kubernetes_writes

KUBELET = Manager("kubelet", "Update", "status")
LEAVES = ("containerStatuses", "hostIP", "podIP", "startTime")
GIVEN = "PodScheduled"
"""The condition that binding writes, which is no manager's."""


def created(resource: Resource, pod: Object, manager: str, now: datetime) -> list[Object]:
    """``managedFields`` of a pod that ``manager`` is about to create."""
    made = copy.deepcopy(pod)
    if resource.defaults is not None:
        resource.defaults(made)
    as_kubernetes_writes(resource, made)
    track_update(resource, Manager(manager), made, None, now)
    found: list[Object] = made["metadata"]["managedFields"]
    return found


def with_status(resource: Resource, entries: list[Object], status: Object, now: datetime) -> list[Object]:
    """``entries`` after the kubelet wrote ``status``; its own keeps its time while it owns the same fields."""
    owned = _owned(status)
    for entry in entries:
        if is_of(entry, KUBELET, resource) and entry.get("fieldsV1") == owned:
            return entries
    others = [entry for entry in entries if not is_of(entry, KUBELET, resource)]
    return in_order([*others, {**entry_of(resource, KUBELET, {}, now), "fieldsV1": owned}])


def _owned(status: Object) -> Object:
    """As FieldsV1: keys sorted, a leaf is ``{}``."""
    fields: dict[str, Any] = {
        "f:conditions": {
            _keyed("type", one["type"]): {".": {}, **{f"f:{part}": {} for part in sorted(one)}}
            for one in sorted(status.get("conditions") or (), key=lambda one: str(one["type"]))
            if one["type"] != GIVEN
        }
    }
    fields |= {f"f:{name}": {} for name in LEAVES if status.get(name)}
    if status.get("phase") != "Pending":
        fields["f:phase"] = {}
    if status.get("podIPs"):
        fields["f:podIPs"] = {".": {}, **{_keyed("ip", one["ip"]): {".": {}, "f:ip": {}} for one in status["podIPs"]}}
    return {"f:status": dict(sorted(fields.items()))}


def _keyed(name: str, value: str) -> str:
    return f'k:{{"{name}":"{value}"}}'
