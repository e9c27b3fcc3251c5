"""A Deployment's status and its conditions: pkg/controller/deployment/{sync,progress}.go, util/deployment_util.go.

A condition that is set to the status and reason it has stays as it is; one that changes moves to the end of the list
and keeps its transition time when only the reason changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from simulator import clock
from simulator.controllers.workloads.rollout import Strategy

Object = dict[str, Any]

NEW_SET_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"


def condition_of(status: Mapping[str, Any], kind: str) -> Object | None:
    return next((c for c in status.get("conditions") or () if c.get("type") == kind), None)


def with_condition(
    conditions: Sequence[Object], kind: str, value: str, reason: str, message: str, now: datetime
) -> list[Object]:
    """`conditions` with this one set (SetDeploymentCondition)."""
    known = next((c for c in conditions if c.get("type") == kind), None)
    if known is not None and known.get("status") == value and known.get("reason") == reason:
        return list(conditions)
    moment = clock.timestamp(now)
    since = known["lastTransitionTime"] if known is not None and known.get("status") == value else moment
    fresh = {
        "type": kind,
        "status": value,
        "lastUpdateTime": moment,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    return [*(c for c in conditions if c.get("type") != kind), fresh]


def calculate(deployment: Object, want: Strategy, new: Object | None, sets: Sequence[Object], now: datetime) -> Object:
    """Counts over all ReplicaSets, and the condition Available."""
    old = deployment.get("status") or {}
    available = _total(sets, "availableReplicas")
    counts = {
        "replicas": _total(sets, "replicas"),
        "updatedReplicas": ((new or {}).get("status") or {}).get("replicas") or 0,
        "readyReplicas": _total(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(sum(s["spec"].get("replicas") or 0 for s in sets) - available, 0),
    }
    result: Object = {"observedGeneration": deployment["metadata"].get("generation", 0)}
    result.update({name: count for name, count in counts.items() if count})
    result["terminatingReplicas"] = _total(sets, "terminatingReplicas")
    enough = available >= want.minimum
    result["conditions"] = with_condition(
        old.get("conditions") or [],
        "Available",
        "True" if enough else "False",
        "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "Deployment has minimum availability." if enough else "Deployment does not have minimum availability.",
        now,
    )
    if old.get("collisionCount"):
        result["collisionCount"] = old["collisionCount"]
    return result


def progress(deployment: Object, status: Object, new: Object | None, now: datetime) -> Object:
    """`status` with the condition Progressing: complete, progressing, or timed out (syncRolloutStatus)."""
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    if deadline is None:
        kept = [c for c in status["conditions"] if c["type"] != "Progressing"]
        return {**status, "conditions": kept}
    old = deployment.get("status") or {}
    current = condition_of(old, "Progressing")
    steady = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if steady and current is not None and current.get("reason") == NEW_SET_AVAILABLE:
        return status
    name = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    conditions = status["conditions"]
    if complete(deployment, status):
        text = f"{name} has successfully progressed."
        conditions = with_condition(conditions, "Progressing", "True", NEW_SET_AVAILABLE, text, now)
    elif _progressed(old, status):
        fresh = with_condition(
            [c for c in conditions if c["type"] != "Progressing"],
            "Progressing",
            "True",
            "ReplicaSetUpdated",
            f"{name} is progressing.",
            now,
        )
        if current is not None and current.get("status") == "True":
            fresh[-1]["lastTransitionTime"] = current["lastTransitionTime"]
        conditions = fresh
    elif timed_out(current, deadline, now):
        text = f"{name} has timed out progressing."
        conditions = with_condition(conditions, "Progressing", "False", TIMED_OUT, text, now)
    return {**status, "conditions": conditions}


def complete(deployment: Object, status: Mapping[str, Any]) -> bool:
    """All replicas are updated and available, and none is old (DeploymentComplete)."""
    replicas = deployment["spec"].get("replicas", 1)
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status.get(name, 0) == replicas for name in counts) and status.get(
        "observedGeneration", 0
    ) >= deployment["metadata"].get("generation", 0)


def timed_out(condition: Mapping[str, Any] | None, deadline: float, now: datetime) -> bool:
    """Whether `condition` Progressing is older than the deadline; a complete rollout never is."""
    if condition is None or condition.get("reason") == NEW_SET_AVAILABLE:
        return False
    if condition.get("reason") == TIMED_OUT:
        return True
    return clock.parse(condition["lastUpdateTime"]) + timedelta(seconds=deadline) < now


def _progressed(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    def outdated(status: Mapping[str, Any]) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return outdated(new) < outdated(old) or any(new.get(name, 0) > old.get(name, 0) for name in grown)


def _total(sets: Sequence[Object], name: str) -> int:
    return sum((s.get("status") or {}).get(name) or 0 for s in sets)
