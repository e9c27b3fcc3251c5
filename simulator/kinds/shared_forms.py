"""Kinds that are served in two forms and stored once: events of two groups, autoscalers of two versions.

Sources: pkg/apis/core/v1 and pkg/apis/events/v1 (the same internal Event), pkg/apis/autoscaling/v1/conversion.go.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from simulator.errors import Cause
from simulator.kinds import plain_cells
from simulator.objects.resource import Cell, Object
from simulator.objects.validation import bad, quoted, required
from simulator.schema import schema
from simulator.schema.normalise import Normaliser

EVENT_NAMES = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)
"""(core/v1, events.k8s.io/v1) of each field whose name differs."""
ANNOTATION = "autoscaling.alpha.kubernetes.io/"


def core_event(obj: Object) -> Object:
    """An event of either group as core/v1 shows it."""
    return _renamed(obj, {new: old for old, new in EVENT_NAMES}, "core/v1.Event")


def new_event(obj: Object) -> Object:
    """An event of either group as events.k8s.io/v1 shows it."""
    return _renamed(obj, dict(EVENT_NAMES), "events/v1.Event")


def _renamed(obj: Object, names: dict[str, str], type_name: str) -> Object:
    head: Object = {key: obj[key] for key in ("kind", "apiVersion") if key in obj}
    renamed = {names.get(key, key): value for key, value in obj.items() if key not in head}
    return {**head, **Normaliser().struct(schema().get(type_name), renamed)}


def event_cells(obj: Object, now: datetime) -> list[Cell]:
    return plain_cells.event_cells(core_event(obj), now)


def validate_core_event(obj: Object, old: Object | None) -> list[Cause]:
    about, namespace = obj.get("involvedObject") or {}, obj["metadata"].get("namespace") or ""
    wanted = about.get("namespace") or ""
    if wanted == namespace or (not wanted and namespace == "default"):
        return []
    return [bad("involvedObject.namespace", wanted, "does not match event.namespace")]


def validate_new_event(obj: Object, old: Object | None) -> list[Cause]:
    if old is not None:
        return []
    names = ("eventTime", "reportingController", "reportingInstance", "action", "reason")
    causes = [required(field) for field in names if not obj.get(field)]
    if obj.get("type") not in ("Normal", "Warning"):
        causes.append(bad("type", obj.get("type") or "", "has invalid value: " + (obj.get("type") or "")))
    return causes


# autoscalers


def default_autoscaler(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1


def autoscaler_v2(obj: Object) -> Object:
    """A v1 autoscaler as v2 shows it: CPU utilization is one metric among those the annotation keeps."""
    annotations = dict(obj["metadata"].get("annotations") or {})
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    metrics: list[Object] = _kept(annotations, "metrics") or []
    cpu = spec.pop("targetCPUUtilizationPercentage", None)
    if cpu is not None:
        target = {"type": "Utilization", "averageUtilization": cpu}
        metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}, *metrics]
    behavior = _kept(annotations, "behavior")
    if metrics:
        spec["metrics"] = metrics
    if behavior:
        spec["behavior"] = behavior
    status.pop("currentCPUUtilizationPercentage", None)
    status["currentMetrics"] = _kept(annotations, "current-metrics")
    status["conditions"] = _kept(annotations, "conditions") or []
    return _autoscaler(obj, annotations, spec, status, "v2")


def autoscaler_v1(obj: Object) -> Object:
    """A v2 autoscaler as v1 shows it; what v1 has no field for goes into annotations."""
    annotations = dict(obj["metadata"].get("annotations") or {})
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    others = []
    for metric in spec.pop("metrics", None) or ():
        resource = metric.get("resource") or {}
        value = (resource.get("target") or {}).get("averageUtilization")
        if metric.get("type") == "Resource" and resource.get("name") == "cpu" and value is not None:
            spec["targetCPUUtilizationPercentage"] = value
        else:
            others.append(metric)
    parts = {
        "metrics": others,
        "behavior": spec.pop("behavior", None),
        "current-metrics": status.pop("currentMetrics", None),
        "conditions": status.pop("conditions", None),
    }
    annotations |= {ANNOTATION + name: quoted(value) for name, value in parts.items() if value}
    return _autoscaler(obj, annotations, spec, status, "v1")


def _kept(annotations: dict[str, str], name: str) -> Any:
    try:
        return json.loads(annotations.pop(ANNOTATION + name, "null"))
    except ValueError:
        return None


def _autoscaler(obj: Object, annotations: dict[str, str], spec: Object, status: Object, version: str) -> Object:
    metadata = {**obj["metadata"], "annotations": annotations}
    type_name = f"autoscaling/{version}.HorizontalPodAutoscaler"
    body = {"metadata": metadata, "spec": spec, "status": status}
    head: Object = {key: obj[key] for key in ("kind", "apiVersion") if key in obj}
    return {**head, **Normaliser().struct(schema().get(type_name), body)}


def autoscaler_cells(obj: Object, now: datetime) -> list[Cell]:
    shown = autoscaler_v2(obj) if obj.get("apiVersion") != "autoscaling/v2" and not _is_v2(obj) else obj
    return plain_cells.hpa_cells(shown, now)


def _is_v2(obj: Object) -> bool:
    return "metrics" in (obj.get("spec") or {}) or "currentMetrics" in (obj.get("status") or {})
