"""A PodDisruptionBudget's decision: how many of its pods may be evicted now (pkg/controller/disruption/disruption.go).

Words. *Expected* are the pods that their owners want: the replicas of the workloads, or with a plain number as
`minAvailable` the pods that are there. *Healthy* are those that are ready, not ending, and not evicted a moment ago.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from simulator import clock
from simulator.controllers.pods import Pod
from simulator.objects.labels import satisfies
from simulator.objects.rounding import scaled

Object = dict[str, Any]
ALLOWED = "DisruptionAllowed"
PATIENCE = timedelta(minutes=2)
"""So long an evicted pod may live on before it counts as one that was not deleted after all."""


def selects(budget: Object, labels: Mapping[str, str]) -> bool:
    """Whether a budget is for pods with these labels; an empty selector is for all, none for no pod."""
    selector = (budget.get("spec") or {}).get("selector")
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return wanted.items() <= labels.items() and all(satisfies(one, labels) for one in expressions)


def status(budget: Object, pods: Sequence[Pod], replicas: int, now: datetime) -> Object:
    """The status; ``pods`` are those that the budget selects, ``replicas`` what their owners want in all."""
    spec, old = budget.get("spec") or {}, budget.get("status") or {}
    expected, desired = _wanted(spec, len(pods), replicas)
    evicted = _still_there(old.get("disruptedPods") or {}, pods, now)
    healthy = sum(pod.ready and not pod.terminating and pod.name not in evicted for pod in pods)
    allowed = max(healthy - desired, 0) if expected > 0 else 0
    result: Object = {"observedGeneration": budget["metadata"].get("generation", 0)}
    if evicted:
        result["disruptedPods"] = evicted
    result.update(disruptionsAllowed=allowed, currentHealthy=healthy, desiredHealthy=desired, expectedPods=expected)
    result["conditions"] = conditions(budget, allowed, now)
    return result


def _wanted(spec: Mapping[str, Any], present: int, replicas: int) -> tuple[int, int]:
    """Expected pods, and how many of them should be healthy."""
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most is not None:
        return replicas, max(replicas - scaled(most, replicas, up=True), 0)
    if isinstance(least, int):
        return present, least
    return (replicas, scaled(least, replicas, up=True)) if least is not None else (0, 0)


def _still_there(evicted: Mapping[str, str], pods: Sequence[Pod], now: datetime) -> dict[str, str]:
    living = {pod.name for pod in pods if not pod.terminating}
    return {
        name: since for name, since in sorted(evicted.items()) if name in living and clock.parse(since) + PATIENCE > now
    }


def conditions(budget: Object, allowed: int, now: datetime) -> list[Object]:
    """The conditions when so many disruptions are allowed (component-helpers/apps/poddisruptionbudget)."""
    known = (budget.get("status") or {}).get("conditions") or []
    value = "True" if allowed > 0 else "False"
    before = next((one for one in known if one.get("type") == ALLOWED), None)
    same = before is not None and before.get("status") == value
    made = {
        "type": ALLOWED,
        "status": value,
        "observedGeneration": budget["metadata"].get("generation", 0),
        "lastTransitionTime": before["lastTransitionTime"] if before is not None and same else clock.timestamp(now),
        "reason": "SufficientPods" if allowed > 0 else "InsufficientPods",
        "message": "",
    }
    return [*(one for one in known if one.get("type") != ALLOWED), made]
