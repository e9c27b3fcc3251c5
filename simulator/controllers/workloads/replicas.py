"""A ReplicaSet's decision: how many pods to make, which to end, and its status (pkg/controller/replicaset)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from simulator import clock
from simulator.controllers.pods import Pod
from simulator.controllers.workloads import victims

BURST = 500
"""Most pods made or ended in one round (replica_set.go BurstReplicas)."""


class Decision(msgspec.Struct, frozen=True):
    """`create` pods to make, `delete` pods to end; `more`: the burst limit cut it, come back at once."""

    create: int = 0
    delete: tuple[Pod, ...] = ()
    more: bool = False


def decide(replicas: int, pods: Sequence[Pod], ranks: Callable[[], Mapping[str, int]], now: datetime) -> Decision:
    """What makes `replicas` active pods of `pods` (all pods that the set owns); `ranks` is asked when some must go."""
    active = [pod for pod in pods if pod.active]
    missing = replicas - len(active)
    if missing > 0:
        return Decision(create=min(missing, BURST), more=missing > BURST)
    if missing < 0:
        count = min(-missing, BURST)
        return Decision(delete=tuple(victims.choose(active, count, ranks(), now)), more=-missing > BURST)
    return Decision()


def status(replica_set: Mapping[str, Any], pods: Sequence[Pod], now: datetime) -> tuple[dict[str, Any], float | None]:
    """The status, and after how many seconds it will change by itself (a pod then is available).

    Fields that are zero are left out, as Go's omitempty does (all but `replicas`).
    """
    spec = replica_set["spec"]
    active = [pod for pod in pods if pod.active]
    template = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    minimum = spec.get("minReadySeconds") or 0
    ready = [pod for pod in active if pod.ready]
    waits = [minimum - _age(pod.ready_since, now) for pod in ready] if minimum else [0.0] * len(ready)
    counts = {
        "fullyLabeledReplicas": sum(template.items() <= pod.labels.items() for pod in active),
        "readyReplicas": len(ready),
        "availableReplicas": sum(wait <= 0 for wait in waits),
    }
    result: dict[str, Any] = {"replicas": len(active)}
    result.update({name: count for name, count in counts.items() if count})
    result["terminatingReplicas"] = sum(pod.terminating for pod in pods if pod.phase not in ("Succeeded", "Failed"))
    result["observedGeneration"] = replica_set["metadata"].get("generation", 0)
    return result, min((wait for wait in waits if wait > 0), default=None)


def _age(moment: str, now: datetime) -> float:
    return (now - clock.parse(moment)).total_seconds() if moment else 0.0
