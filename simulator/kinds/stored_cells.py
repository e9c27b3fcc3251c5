"""Columns of kinds that nothing acts on: claims, policies, classes (pkg/printers/internalversion/printers.go)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulator.kinds.cells import age, columns, name
from simulator.objects.resource import Cell, Object
from simulator.objects.selectors import as_text

MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
LIMITS = ("limits.cpu", "limits.memory")


def disruption_budget_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    bounds = [str(spec[key]) if spec.get(key) is not None else "N/A" for key in ("minAvailable", "maxUnavailable")]
    return [name(obj), *bounds, status.get("disruptionsAllowed", 0), age(obj, now)]


def network_policy_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), as_text((obj.get("spec") or {}).get("podSelector")), age(obj, now)]


def claim_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    bound = bool(spec.get("volumeName"))
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    return [
        name(obj),
        phase,
        spec.get("volumeName", ""),
        str((status.get("capacity") or {}).get("storage", "0")) if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or "<unset>",
        age(obj, now),
        spec.get("volumeMode") or "<unset>",
    ]


def volume_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    claim = spec.get("claimRef")
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    return [
        name(obj),
        str((spec.get("capacity") or {}).get("storage", "0")),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase,
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or "<unset>",
        status.get("reason", ""),
        age(obj, now),
        spec.get("volumeMode") or "<unset>",
    ]


def _modes(given: list[str] | None) -> str:
    return ",".join(short for mode, short in MODES.items() if mode in (given or ()))


def storage_class_cells(obj: Object, now: datetime) -> list[Cell]:
    usual = (obj["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    return [
        f"{name(obj)} (default)" if usual else name(obj),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"),
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def quota_cells(obj: Object, now: datetime) -> list[Cell]:
    status = obj.get("status") or {}
    shown: dict[bool, list[str]] = {True: [], False: []}
    used = status.get("used") or {}
    for key, hard in sorted((status.get("hard") or {}).items()):
        shown[key in LIMITS].append(f"{key}: {used.get(key, 0)}/{hard}")
    return [name(obj), ", ".join(shown[False]), ", ".join(shown[True]), age(obj, now)]


def priority_class_cells(obj: Object, now: datetime) -> list[Cell]:
    policy = obj.get("preemptionPolicy") or "PreemptLowerPriority"
    return [name(obj), obj.get("value", 0), bool(obj.get("globalDefault")), age(obj, now), policy]


def revision_cells(obj: Object, now: datetime) -> list[Cell]:
    owner = next((one for one in obj["metadata"].get("ownerReferences") or () if one.get("controller")), None)
    shown = "<none>"
    if owner is not None:
        group = str(owner.get("apiVersion", "")).rpartition("/")[0]
        shown = ".".join(part for part in (str(owner.get("kind", "")).lower(), group) if part)
        shown = f"{shown}/{owner.get('name', '')}"
    return [name(obj), shown, obj.get("revision", 0), age(obj, now)]


def cidr_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), ",".join((obj.get("spec") or {}).get("cidrs") or ()), age(obj, now)]


def webhooks_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), len(obj.get("webhooks") or ()), age(obj, now)]


OF_VOLUMES = ("StorageClass", "VolumeAttributesClass")
DISRUPTION_BUDGET: dict[str, Any] = {
    "columns": columns("Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age"),
    "cells": disruption_budget_cells,
}
NETWORK_POLICY: dict[str, Any] = {"columns": columns("Pod-Selector", "Age"), "cells": network_policy_cells}
CLAIM: dict[str, Any] = {
    "columns": columns("Status", "Volume", "Capacity", "Access Modes", *OF_VOLUMES, "Age", wide=("VolumeMode",)),
    "cells": claim_cells,
}
VOLUME: dict[str, Any] = {
    "columns": columns(
        "Capacity",
        "Access Modes",
        "Reclaim Policy",
        "Status",
        "Claim",
        *OF_VOLUMES,
        "Reason",
        "Age",
        wide=("VolumeMode",),
    ),
    "cells": volume_cells,
}
STORAGE_CLASS: dict[str, Any] = {
    "columns": columns("Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"),
    "cells": storage_class_cells,
}
QUOTA: dict[str, Any] = {"columns": columns("Request", "Limit", "Age"), "cells": quota_cells}
PRIORITY_CLASS: dict[str, Any] = {
    "columns": columns("Value:integer", "Global-Default:boolean", "Age", "PreemptionPolicy"),
    "cells": priority_class_cells,
}
REVISION: dict[str, Any] = {"columns": columns("Controller", "Revision", "Age"), "cells": revision_cells}
SERVICE_CIDR: dict[str, Any] = {"columns": columns("CIDRs", "Age"), "cells": cidr_cells}
WEBHOOKS: dict[str, Any] = {"columns": columns("Webhooks:integer", "Age"), "cells": webhooks_cells}
