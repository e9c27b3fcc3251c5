"""Pods from the template of their owner (pkg/controller/controller_utils.go GetPodFromTemplate)."""

from __future__ import annotations

from typing import Any

from simulator.controllers.cluster import CONTROLLER_MANAGER, Cluster, owner_reference
from simulator.managed import pods as managed_pods

Object = dict[str, Any]


def from_template(owner: Object, template: Object | None = None) -> Object:
    """A pod that `owner` controls, of its template or of an older `template`; shares parts with it."""
    template = owner["spec"].get("template") or {} if template is None else template
    metadata = template.get("metadata") or {}
    made: Object = {
        "metadata": {
            "generateName": f"{owner['metadata']['name']}-",
            "namespace": owner["metadata"]["namespace"],
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template.get("spec") or {},
    }
    for field in ("labels", "annotations", "finalizers"):
        if metadata.get(field):
            made["metadata"][field] = metadata[field]
    return made


def with_manager(cluster: Cluster, pod: Object) -> Object:
    """`pod` with what the controller manager owns of it."""
    row, now = cluster.rows["pods"], cluster.clock.now()
    pod["metadata"]["managedFields"] = managed_pods.created(row, pod, CONTROLLER_MANAGER, now)
    return pod
