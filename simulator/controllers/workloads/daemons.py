"""A DaemonSet's decision: on which nodes to make a pod, which pods to end (pkg/controller/daemon).

Rules. A node *should run* a pod when the template fits it (selector, affinity, taints that forbid scheduling), and may
*keep* one while no taint with NoExecute forbids it. Of several pods on a node the oldest stays. A pod is *available*
when it has been ready for `minReadySeconds`. A rolling update ends old pods that are not available at once, available
ones while at most `maxUnavailable` nodes are without an available pod. With `maxSurge` it makes the new pod beside the
old one, on so many nodes at a time, and ends the old one when the new one is available.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from simulator.controllers.pods import Pod
from simulator.controllers.scheduling import placement
from simulator.controllers.workloads.ordinals import HASH
from simulator.objects.rounding import scaled

Object = dict[str, Any]
_TOLERATED = (
    ("NoExecute", ("not-ready", "unreachable")),
    ("NoSchedule", ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")),
)
TOLERATIONS = tuple(
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
    for effect, keys in _TOLERATED
    for key in keys
)
"""What every daemon pod tolerates (daemon/util AddOrUpdateDaemonPodTolerations)."""


class Step(msgspec.Struct, frozen=True):
    """`create`: names of nodes; `delete`: pods to end."""

    create: tuple[str, ...] = ()
    delete: tuple[Pod, ...] = ()


class Update(msgspec.Struct, frozen=True):
    """How a set goes over to its newest revision."""

    newest: str
    now: datetime
    minimum: int = 0
    """`minReadySeconds`."""
    rolling: bool = True
    surge: int = 0
    unavailable: int = 1

    def available(self, pod: Pod) -> bool:
        return pod.ready and pod.wait(self.minimum, self.now) <= 0

    def is_new(self, pod: Pod) -> bool:
        return pod.labels.get(HASH) == self.newest


def update_of(found: Object, newest: str, nodes: int, now: datetime) -> Update:
    """The update strategy of a set that runs on so many nodes."""
    strategy = found["spec"].get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    surge = scaled(rolling.get("maxSurge") or 0, nodes, up=True)
    unavailable = scaled(rolling.get("maxUnavailable", 1), nodes, up=True)
    return Update(
        newest,
        now,
        found["spec"].get("minReadySeconds") or 0,
        strategy.get("type", "RollingUpdate") == "RollingUpdate",
        surge,
        unavailable if surge or unavailable else 1,
    )


def pod_spec(template: Mapping[str, Any]) -> Object:
    """The spec of the set's pods, before it is bound to a node."""
    spec = dict(template.get("spec") or {})
    tolerations = spec.get("tolerations") or []
    spec["tolerations"] = [*tolerations, *(dict(one) for one in TOLERATIONS if one not in tolerations)]
    return spec


def should_run(spec: Mapping[str, Any], node: Object) -> bool:
    effects = (placement.NO_SCHEDULE, placement.NO_EXECUTE)
    return placement.selected(spec, node) and placement.untolerated(spec, node, effects) is None


def may_keep(spec: Mapping[str, Any], node: Object) -> bool:
    return placement.selected(spec, node) and placement.untolerated(spec, node, (placement.NO_EXECUTE,)) is None


def decide(spec: Mapping[str, Any], nodes: Sequence[Object], pods: Mapping[str, Sequence[Pod]], update: Update) -> Step:
    """What makes one pod run on each node that should; `pods` is node → the set's pods there."""
    create: list[str] = []
    delete: list[Pod] = []
    known = [node["metadata"]["name"] for node in nodes]
    for node in nodes:
        name = node["metadata"]["name"]
        ended = [pod for pod in pods.get(name, ()) if pod.phase in ("Succeeded", "Failed")]
        live = [pod for pod in pods.get(name, ()) if pod not in ended]
        delete += [pod for pod in ended if not pod.terminating]
        if live and may_keep(spec, node):
            staying = sorted((pod for pod in live if not pod.terminating), key=lambda pod: (pod.created, pod.name))
            delete += _surplus(staying, update) if update.rolling and update.surge else staying[1:]
        elif live:
            delete += [pod for pod in live if not pod.terminating]
        elif not ended and should_run(spec, node):
            create.append(name)
    delete += [pod for name, there in pods.items() if name not in known for pod in there if not pod.terminating]
    return Step(tuple(create), tuple(delete))


def _surplus(staying: Sequence[Pod], update: Update) -> list[Pod]:
    """With surge two may stay, an old one that is ready and a new one that is not yet available."""
    new = [pod for pod in staying if update.is_new(pod)]
    old = [pod for pod in staying if not update.is_new(pod)]
    if new and old and (not old[0].ready or update.available(new[0])):
        return [*new[1:], *old]
    return [*new[1:], *old[1:]]


def roll(nodes: Sequence[str], pods: Mapping[str, Sequence[Pod]], update: Update) -> Step:
    """The next step of a rolling update; `nodes` are those that should run a pod."""
    if update.surge:
        return Step(create=_surge(nodes, pods, update))
    first: list[Pod] = []
    ready: list[Pod] = []
    lacking = 0
    for name in nodes:
        live = [pod for pod in pods.get(name, ()) if not pod.terminating]
        if not any(update.available(pod) for pod in live):
            lacking += 1
        for pod in live:
            if not update.is_new(pod):
                (ready if update.available(pod) else first).append(pod)
    return Step(delete=(*first, *ready[: max(update.unavailable - lacking, 0)]))


def _surge(nodes: Sequence[str], pods: Mapping[str, Sequence[Pod]], update: Update) -> tuple[str, ...]:
    """Where to make a new pod beside the old one; old ones that are not available do not wait."""
    first: list[str] = []
    ready: list[str] = []
    surging = 0
    for name in nodes:
        live = [pod for pod in pods.get(name, ()) if not pod.terminating]
        old = [pod for pod in live if not update.is_new(pod)]
        if old and len(live) > len(old):
            surging += 1
        elif old:
            (ready if update.available(old[0]) else first).append(name)
    return (*first, *ready[: max(update.surge - surging, 0)])


def status(
    found: Object, spec: Mapping[str, Any], nodes: Sequence[Object], pods: Mapping[str, Sequence[Pod]], update: Update
) -> Object:
    """The status; counts are of nodes."""
    counts = dict.fromkeys(("current", "misscheduled", "desired", "ready", "available", "updated"), 0)
    for node in nodes:
        there = [pod for pod in pods.get(node["metadata"]["name"], ()) if pod.active]
        there.sort(key=lambda pod: (pod.created, pod.name))
        wanted = should_run(spec, node)
        counts["desired"] += wanted
        if not there:
            continue
        counts["current" if wanted else "misscheduled"] += 1
        if wanted:
            counts["ready"] += there[0].ready
            counts["available"] += update.available(there[0])
            counts["updated"] += update.is_new(there[0])
    result: Object = {
        "currentNumberScheduled": counts["current"],
        "numberMisscheduled": counts["misscheduled"],
        "desiredNumberScheduled": counts["desired"],
        "numberReady": counts["ready"],
        "observedGeneration": found["metadata"].get("generation", 0),
    }
    further = {
        "updatedNumberScheduled": counts["updated"],
        "numberAvailable": counts["available"],
        "numberUnavailable": counts["desired"] - counts["available"],
    }
    result.update({name: count for name, count in further.items() if count})
    return result
