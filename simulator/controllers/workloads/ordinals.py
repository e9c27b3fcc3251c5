"""A StatefulSet's decision: which pods to make and end next (pkg/controller/statefulset/stateful_set_control.go).

Words. A pod's *ordinal* is the number its name ends in. The *wanted* ordinals are `start` … `start + replicas - 1`;
pods with other ones are *condemned*. A pod is *healthy* when it is not ending and has been ready for `minReadySeconds`.

Rules.
- OrderedReady takes one step at a time: the lowest missing ordinal is made once all below are healthy; the highest
  condemned pod goes once all wanted ones are healthy. Parallel makes and ends them all at once.
- A rolling update then ends, from the highest ordinal down to `start + partition`, one pod that is not of the newest
  revision, and waits until its successor is healthy. Pods below the partition are made in the current revision.
- A pod that has ended by itself is deleted, and made again under its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from simulator.controllers.pods import Pod

HASH = "controller-revision-hash"

Object = dict[str, Any]


class Want(msgspec.Struct, frozen=True):
    """What a StatefulSet's spec and revisions ask for."""

    replicas: int
    current: str
    newest: str
    start: int = 0
    partition: int = 0
    parallel: bool = False
    rolling: bool = True
    minimum: int = 0
    """`minReadySeconds`."""
    now: datetime = datetime.min.replace(tzinfo=UTC)

    def healthy(self, pod: Pod) -> bool:
        return pod.ready and not pod.terminating and pod.wait(self.minimum, self.now) <= 0

    @property
    def ordinals(self) -> range:
        return range(self.start, self.start + self.replicas)

    def revision(self, ordinal: int) -> str:
        """The revision in which a pod is made."""
        return self.current if self.rolling and ordinal < self.start + self.partition else self.newest


class Step(msgspec.Struct, frozen=True):
    """`create`: (ordinal, revision) of pods to make; `delete`: pods to end."""

    create: tuple[tuple[int, str], ...] = ()
    delete: tuple[Pod, ...] = ()


def ordinal_of(name: str, pod: str) -> int | None:
    """The ordinal of a pod of the set `name`; None for a stranger's name."""
    prefix, _, number = pod.rpartition("-")
    return int(number) if prefix == name and number.isascii() and number.isdigit() else None


def decide(want: Want, pods: Mapping[int, Pod]) -> Step:
    """The next step; `pods` by ordinal."""
    create: list[tuple[int, str]] = []
    delete: list[Pod] = []
    for ordinal in want.ordinals:
        pod = pods.get(ordinal)
        if pod is None:
            create.append((ordinal, want.revision(ordinal)))
        elif pod.phase in ("Succeeded", "Failed") and not pod.terminating:
            delete.append(pod)
        elif want.healthy(pod):
            continue
        if not want.parallel:
            return Step(tuple(create), tuple(delete))
    condemned = [pods[ordinal] for ordinal in sorted(pods, reverse=True) if ordinal not in want.ordinals]
    if want.parallel:
        delete += [pod for pod in condemned if not pod.terminating]
    elif condemned:
        return Step(delete=() if condemned[0].terminating else (condemned[0],))
    if create or delete or not want.rolling:
        return Step(tuple(create), tuple(delete))
    return Step(delete=_outdated(want, pods))


def _outdated(want: Want, pods: Mapping[int, Pod]) -> tuple[Pod, ...]:
    for ordinal in reversed(range(want.start + want.partition, want.start + want.replicas)):
        pod = pods.get(ordinal)
        if pod is not None and not pod.terminating and pod.labels.get(HASH) != want.newest:
            return (pod,)
        if pod is None or not want.healthy(pod):
            return ()
    return ()


def status(want: Want, pods: Sequence[Pod], available: int, generation: int, old: Mapping[str, Any]) -> Object:
    """The status; when every pod is ready and of the newest revision, that becomes the current one."""
    live = [pod for pod in pods if not pod.terminating]
    ready = sum(pod.ready for pod in pods)
    updated = sum(pod.labels.get(HASH) == want.newest for pod in live)
    current = sum(pod.labels.get(HASH) == want.current for pod in live)
    done = updated == want.replicas == len(pods) == ready
    counts = {
        "readyReplicas": ready,
        "currentReplicas": updated if done else current,
        "updatedReplicas": updated,
    }
    result: Object = {"observedGeneration": generation, "replicas": len(pods)}
    result.update({name: count for name, count in counts.items() if count})
    result["currentRevision"] = want.newest if done else want.current
    result["updateRevision"] = want.newest
    result["collisionCount"] = old.get("collisionCount") or 0
    result["availableReplicas"] = available
    return result
