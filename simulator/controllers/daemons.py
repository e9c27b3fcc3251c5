"""A DaemonSet's decision: on which nodes to make a pod, which pods to end (pkg/controller/daemon).

Rules. A node *should run* a pod when the template fits it (selector, affinity, taints that forbid scheduling), and may
*keep* one while no taint with NoExecute forbids it. Of several pods on a node the oldest stays. A rolling update ends
old pods that are not ready at once, and ready ones while at most `maxUnavailable` nodes are without a ready pod.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from simulator.controllers import placement
from simulator.controllers.ordinals import HASH
from simulator.controllers.pods import Pod

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


def decide(spec: Mapping[str, Any], nodes: Sequence[Object], pods: Mapping[str, Sequence[Pod]]) -> Step:
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
            delete += staying[1:]
        elif live:
            delete += [pod for pod in live if not pod.terminating]
        elif not ended and should_run(spec, node):
            create.append(name)
    delete += [pod for name, there in pods.items() if name not in known for pod in there if not pod.terminating]
    return Step(tuple(create), tuple(delete))


def roll(nodes: Sequence[str], pods: Mapping[str, Sequence[Pod]], newest: str, limit: int) -> tuple[Pod, ...]:
    """The old pods that may go now; `nodes` are those that should run one, `limit` those that may lack a ready one."""
    first: list[Pod] = []
    ready: list[Pod] = []
    lacking = 0
    for name in nodes:
        live = [pod for pod in pods.get(name, ()) if not pod.terminating]
        if not any(pod.ready for pod in live):
            lacking += 1
        for pod in live:
            if pod.labels.get(HASH) != newest:
                (ready if pod.ready else first).append(pod)
    return (*first, *ready[: max(limit - lacking, 0)])


def limit_of(found: Object, nodes: int) -> int:
    """`maxUnavailable` as a number of nodes, at least 1."""
    rolling = (found["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    value = rolling.get("maxUnavailable", 1)
    if isinstance(value, str):
        value = math.ceil(int(value.rstrip("%")) * nodes / 100)
    return max(int(value), 1)


def status(
    found: Object, spec: Mapping[str, Any], nodes: Sequence[Object], pods: Mapping[str, Sequence[Pod]], newest: str
) -> Object:
    """The status; counts are of nodes."""
    counts = dict.fromkeys(("current", "misscheduled", "desired", "ready", "updated"), 0)
    for node in nodes:
        there = [pod for pod in pods.get(node["metadata"]["name"], ()) if pod.active]
        wanted = should_run(spec, node)
        counts["desired"] += wanted
        if not there:
            continue
        counts["current" if wanted else "misscheduled"] += 1
        if wanted:
            counts["ready"] += there[0].ready
            counts["updated"] += there[0].labels.get(HASH) == newest
    result: Object = {
        "currentNumberScheduled": counts["current"],
        "numberMisscheduled": counts["misscheduled"],
        "desiredNumberScheduled": counts["desired"],
        "numberReady": counts["ready"],
        "observedGeneration": found["metadata"].get("generation", 0),
    }
    further = {
        "updatedNumberScheduled": counts["updated"],
        "numberAvailable": counts["ready"],
        "numberUnavailable": counts["desired"] - counts["ready"],
    }
    result.update({name: count for name, count in further.items() if count})
    return result
