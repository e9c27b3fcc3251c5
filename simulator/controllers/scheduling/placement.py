"""Where a pod may run: node selectors, required node affinity, taints and tolerations.

Sources: k8s.io/component-helpers/scheduling/corev1 (nodeaffinity, helpers.go TolerationsTolerateTaint).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from simulator.objects.labels import satisfies

Object = dict[str, Any]
NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "NoExecute"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether one toleration is for this taint."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    if (toleration.get("operator") or "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def untolerated(spec: Mapping[str, Any], node: Object, effects: Collection[Any]) -> Object | None:
    """The first taint of `node` with one of `effects` that a pod with this spec does not tolerate."""
    tolerations = spec.get("tolerations") or []
    for taint in taints(node):
        if taint.get("effect") in effects and not any(tolerates(one, taint) for one in tolerations):
            return taint
    return None


def taints(node: Object) -> list[Object]:
    found: list[Object] = (node.get("spec") or {}).get("taints") or []
    return found


def ready(node: Object) -> str:
    """The status of the node's condition Ready: True, False or Unknown."""
    conditions = (node.get("status") or {}).get("conditions") or []
    return str(next((c.get("status") for c in conditions if c.get("type") == "Ready"), "Unknown"))


def selected(spec: Mapping[str, Any], node: Object) -> bool:
    """Whether a pod's node selector and required node affinity are for `node`."""
    labels: dict[str, str] = node["metadata"].get("labels") or {}
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_matches(term, node, labels) for term in required.get("nodeSelectorTerms") or [])


def _matches(term: Mapping[str, Any], node: Object, labels: Mapping[str, str]) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    named = {"metadata.name": node["metadata"]["name"]}
    return all(satisfies(one, labels) for one in expressions) and all(satisfies(one, named) for one in fields)


def obstacle(spec: Mapping[str, Any], node: Object) -> str:
    """Why a pod cannot be scheduled to `node`, in the scheduler's words; "" when it can."""
    unschedulable = {"key": UNSCHEDULABLE, "effect": NO_SCHEDULE}
    if (node.get("spec") or {}).get("unschedulable") and not any(
        tolerates(one, unschedulable) for one in spec.get("tolerations") or []
    ):
        return "node(s) were unschedulable"
    taint = untolerated(spec, node, (NO_SCHEDULE, NO_EXECUTE))
    if taint is not None:
        return f"node(s) had untolerated taint(s) {{{taint['key']}: {taint.get('value') or ''}}}"
    if not selected(spec, node):
        return "node(s) didn't match Pod's node affinity/selector"
    return ""


def only_on(spec: Object, node: str) -> Object:
    """`spec` bound to one node by required affinity, as a DaemonSet's pods are (daemon/util)."""
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = dict(spec.get("affinity") or {})
    node_affinity = dict(affinity.get("nodeAffinity") or {})
    node_affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": [term]}
    return {**spec, "affinity": {**affinity, "nodeAffinity": node_affinity}}


def target(spec: Mapping[str, Any]) -> str:
    """The node that `only_on` chose, "" when none is."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or []
    for term in terms:
        for field in term.get("matchFields") or []:
            if field.get("key") == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""
