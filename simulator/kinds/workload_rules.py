"""Deployments, ReplicaSets, StatefulSets, DaemonSets: defaults, validation, columns."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulator.errors import Cause
from simulator.kinds.cells import AGE, columns, containers, labels_text, name
from simulator.kinds.cells import age as age_of
from simulator.kinds.pods import default_template, spec_problems
from simulator.objects.resource import Cell, Object
from simulator.objects.selectors import as_text, of_label_selector
from simulator.objects.validation import bad, forbidden_field, immutable, label_problems, required, unsupported

if TYPE_CHECKING:
    from simulator.store.store import Store

WIDE = ("Containers", "Images", "Selector")
DEPLOYMENT_COLUMNS = columns("Ready", "Up-to-date", "Available", "Age", wide=WIDE)
REPLICA_SET_COLUMNS = columns("Desired:integer", "Current:integer", "Ready:integer", "Age", wide=WIDE)
STATEFUL_SET_COLUMNS = columns("Ready", "Age", wide=("Containers", "Images"))
DAEMON_SET_COLUMNS = columns(
    "Desired:integer", "Current:integer", "Ready:integer", "Up-to-date:integer", "Available:integer",
    "Node Selector", AGE, wide=WIDE,
)  # fmt: skip
STATEFUL_CHANGEABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
PERCENT = re.compile(r"^[0-9]+%\Z")


def prepare_workload(store: Store, obj: Object, old: Object | None) -> None:
    if old is None:
        obj["status"] = {}


def default_deployment(obj: Object) -> None:
    spec = _replicated(obj)
    strategy = spec.get("strategy") or {}
    spec["strategy"] = strategy
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        strategy["rollingUpdate"] = rolling
        for key in ("maxUnavailable", "maxSurge"):
            if rolling.get(key) is None:
                rolling[key] = "25%"
    _defaulted(spec, revisionHistoryLimit=10, progressDeadlineSeconds=600)


def default_replica_set(obj: Object) -> None:
    _replicated(obj)
    obj["status"] = obj.get("status") or {"replicas": 0}


def default_stateful_set(obj: Object) -> None:
    spec = _replicated(obj)
    _defaulted(spec, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    _defaulted(retention, whenDeleted="Retain", whenScaled="Retain")


def default_daemon_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    default_template(spec.setdefault("template", {}))
    _defaulted(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _defaulted(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)


def _replicated(obj: Object) -> Object:
    spec: Object = obj.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    default_template(spec.setdefault("template", {}))
    return spec


def _defaulted(target: Object, **values: Any) -> None:
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def validate_workload(obj: Object, old: Object | None) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes: list[Cause] = []
    replicas = spec.get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        causes.append(bad("spec.replicas", replicas, "must be greater than or equal to 0"))
    causes += _selector_problems(spec)
    template = spec.get("template") or {}
    causes += label_problems((template.get("metadata") or {}).get("labels"), "spec.template.labels")
    causes += spec_problems(template.get("spec") or {}, "spec.template.spec")
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy != "Always" and policy in ("OnFailure", "Never"):
        causes.append(unsupported("spec.template.spec.restartPolicy", policy, ("Always",)))
    if obj.get("kind") == "Deployment":
        causes += _strategy_problems(spec.get("strategy") or {})
    before = (old or {}).get("spec") or {}
    if before and obj.get("kind") == "StatefulSet":
        return causes + _stateful_changes(spec, before)
    if before and before.get("selector") != spec.get("selector"):
        causes.append(immutable("spec.selector", spec.get("selector")))
    return causes


def _stateful_changes(spec: Object, before: Object) -> list[Cause]:
    names = {*spec, *before} - set(STATEFUL_CHANGEABLE)
    if all((spec.get(name) or None) == (before.get(name) or None) for name in names):
        return []
    listed = ", ".join(f"'{name}'" for name in STATEFUL_CHANGEABLE[:-1]) + f" and '{STATEFUL_CHANGEABLE[-1]}'"
    return [forbidden_field("spec", f"updates to statefulset spec for fields other than {listed} are forbidden")]


def _selector_problems(spec: Object) -> list[Cause]:
    selector = spec.get("selector")
    if not selector:
        return [
            required("spec.selector"),
            bad("spec.template.metadata.labels", _labels(spec), "`selector` does not match template `labels`"),
        ]
    if not (selector.get("matchLabels") or selector.get("matchExpressions")):
        return [bad("spec.selector", selector, "empty selector is invalid for deployment")]
    terms = of_label_selector(selector).labels
    labels = _labels(spec)
    if not all(term.accepts(labels) for term in terms):
        return [bad("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")]
    return []


def _labels(spec: Object) -> dict[str, str]:
    return ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}


def _strategy_problems(strategy: Object) -> list[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind not in ("Recreate", "RollingUpdate"):
        return [unsupported("spec.strategy.type", kind, ("Recreate", "RollingUpdate"))]
    if kind == "Recreate":
        if rolling is None:
            return []
        why = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden_field("spec.strategy.rollingUpdate", why)]
    causes = []
    for key in ("maxUnavailable", "maxSurge"):
        value = (rolling or {}).get(key)
        if isinstance(value, str) and not PERCENT.match(value):
            why = "a valid percent string must be a numeric string followed by an ending '%'"
            why += " (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            causes.append(bad(f"spec.strategy.rollingUpdate.{key}", value, why))
        elif isinstance(value, int) and value < 0:
            causes.append(bad(f"spec.strategy.rollingUpdate.{key}", value, "must be greater than or equal to 0"))
    if not causes and all(str((rolling or {}).get(key)).rstrip("%") == "0" for key in ("maxUnavailable", "maxSurge")):
        why = "may not be 0 when `maxSurge` is 0"
        causes.append(bad("spec.strategy.rollingUpdate.maxUnavailable", (rolling or {}).get("maxUnavailable"), why))
    return causes


# columns


def deployment_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return [
        name(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age_of(obj, now),
        *_template(spec),
        as_text(spec.get("selector")),
    ]


def replica_set_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    counts = (spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0))
    return [name(obj), *counts, age_of(obj, now), *_template(spec), as_text(spec.get("selector"))]


def stateful_set_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [name(obj), ready, age_of(obj, now), *_template(spec)]


def daemon_set_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    node_selector = labels_text(((spec.get("template") or {}).get("spec") or {}).get("nodeSelector"))
    return [
        name(obj),
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        node_selector,
        age_of(obj, now),
        *_template(spec),
        as_text(spec.get("selector")),
    ]


def _template(spec: Object) -> tuple[str, str]:
    return containers((spec.get("template") or {}).get("spec") or {})
