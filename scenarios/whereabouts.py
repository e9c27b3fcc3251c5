"""Whether the Kubernetes objects that a file's steps name come from somewhere: its manifests, or an earlier step.

A file that runs a command may make anything with it, and then nothing is said. Pods that a controller makes have names
that nobody can know before; what is known is how they begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scenarios.converting import nearest
from scenarios.loading import Case, Step
from scenarios.marks import Position
from scenarios.model import Json
from scenarios.steps import cluster, edge, other, pods

Problem = tuple[Position, str]

FAULTS = [
    *("status", "latency", "slow", "silence", "cut", "end", "expired"),  # of requests and streams
    *("empty-list", "stale-list", "drop-event", "duplicate-event", "delay-event", "no-bookmarks"),  # of what is said
]
"""The types of faults that the simulator knows; a test holds this to the simulator's own."""

_FIELDS = {"deployment": "Deployment", "service": "Service", "serviceaccount": "ServiceAccount"}
_CONTROLLERS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job")
_ALWAYS = [("ServiceAccount", "default", "edge-reader"), ("ClusterRoleBinding", "", "edge-reader")]  # token.yml


def unknown(case: Case, documents: Iterable[Json]) -> Iterator[Problem]:
    """Where a step names something that cannot be there; `documents` are all objects that the file ever applies."""
    steps = [*_steps(case.steps, "steps"), *_steps(case.finally_, "finally")]
    yield from _faults(case, steps)
    if any(isinstance(step.deed, other.Run) for _, step in steps):
        return
    known = _Known(documents)
    removed: list[str] = []
    for at, step in steps:
        deed: Any = step.deed
        if isinstance(deed, cluster.RestoreAccess):
            if deed.clusterrolebinding not in removed:
                yield (*at, "clusterrolebinding"), f"no earlier step removed {deed.clusterrolebinding!r}"
        elif isinstance(deed, cluster.RemoveAccess):
            removed.append(deed.clusterrolebinding)
            yield from known.check("ClusterRoleBinding", "", deed.clusterrolebinding, (*at, "clusterrolebinding"))
        elif isinstance(deed, edge.Edit):
            yield from _edited(deed, known, at)
        else:
            yield from _named(deed, known, at)


def _steps(steps: Iterable[Step], part: str) -> Iterator[tuple[Position, Step]]:
    for index, step in enumerate(steps):
        yield (part, index, step.key), step


def _named(deed: Any, known: _Known, at: Position) -> Iterator[Problem]:
    namespace = getattr(deed, "namespace", "default")
    for field, kind in _FIELDS.items():
        if name := getattr(deed, field, ""):
            yield from known.check(kind, namespace, name, (*at, field))
    if isinstance(deed, pods.OfPods) and deed.pod:
        yield from known.check_pod(namespace, deed.pod, (*at, "pod"))


def _edited(deed: edge.Edit, known: _Known, at: Position) -> Iterator[Problem]:
    given = deed.set.get("kubernetes")
    for source in given if isinstance(given, list) else [given]:
        if isinstance(source, dict) and isinstance(name := source.get("service"), str):
            namespace = str(source.get("namespace", "default"))
            yield from known.check("Service", namespace, name, (*at, "set", "kubernetes", "service"))


def _faults(case: Case, steps: list[tuple[Position, Step]]) -> Iterator[Problem]:
    names = ["all", *(str(fault.get("name", "fault")) for fault in case.scenario.given.faults)]
    for index, fault in enumerate(case.scenario.given.faults):
        yield from _type(fault.get("fault"), ("given", "faults", index, "fault", "type"))
        yield from _limited(fault.get("times"), fault.get("share"), ("given", "faults", index))
    for at, step in steps:
        if isinstance(step.deed, cluster.Fault):
            names.append(step.deed.name)
            yield from _type(step.deed.fault, (*at, "fault", "type"))
            yield from _limited(step.deed.times, step.deed.share, at)
        elif isinstance(step.deed, cluster.ClearFault) and step.deed.name not in names:
            yield (
                (*at, "name"),
                f"no earlier step adds a fault called {step.deed.name!r}{nearest(step.deed.name, names)}",
            )


def _type(fault: Any, at: Position) -> Iterator[Problem]:
    kind = fault.get("type") if isinstance(fault, dict) else None
    if kind is None:
        yield at, f"expected the type of the fault, one of {', '.join(FAULTS)}"
    elif kind not in FAULTS:
        yield at, f"there is no fault of the type {kind!r}{nearest(str(kind), FAULTS)}"


def _limited(times: object, share: object, at: Position) -> Iterator[Problem]:
    if times is not None and share is not None:
        yield at, "a fault has `times` or `share`, not both"


class _Known:
    """The names of objects by kind and namespace ("" for those in none)."""

    def __init__(self, documents: Iterable[Json]) -> None:
        self._names: dict[tuple[str, str], list[str]] = {}
        for kind, namespace, name in _ALWAYS:
            self._names.setdefault((kind, namespace), []).append(name)
        for document in documents:
            kind, metadata = str(document["kind"]), document["metadata"]
            namespace = "" if kind.startswith("Cluster") else str(metadata.get("namespace", "default"))
            self._names.setdefault((kind, namespace), []).append(str(metadata.get("name", "")))

    def check(self, kind: str, namespace: str, name: str, at: Position) -> Iterator[Problem]:
        names = self._names.get((kind, namespace), [])
        if name not in names and not (kind == "ServiceAccount" and name == "default"):
            where = f" in the namespace {namespace}" if namespace else ""
            yield at, f"no manifest has the {kind} {name!r}{where}{nearest(name, names)}"

    def check_pod(self, namespace: str, name: str, at: Position) -> Iterator[Problem]:
        begins = [f"{owner}-" for kind in _CONTROLLERS for owner in self._names.get((kind, namespace), [])]
        own = self._names.get(("Pod", namespace), [])
        if name not in own and not any(name.startswith(begin) for begin in begins):
            there = [*own, *(f"{begin}…" for begin in begins)]
            yield at, f"no manifest brings a Pod called {name!r} to the namespace {namespace}{nearest(name, there)}"
