"""What types cannot say of a file: that the names it uses exist, and that its times make sense."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import yaml
from msgspec import UnsetType

from scenarios import traffic, whereabouts
from scenarios.converting import Wrong, convert, nearest
from scenarios.errors import Problem
from scenarios.kubernetes import KINDS
from scenarios.loading import Case, Step
from scenarios.marks import Marked, Position, written
from scenarios.model import Json, KubernetesGiven, Manifest
from scenarios.steps import cluster, edge, edge_seen, objects, other_seen, processes, traffic_seen
from scenarios.steps.base import Expectation
from scenarios.world import manifest_path

_OF_APPLICATION = (
    *(edge.Release, edge.Rollback, edge.Discard, edge.Edit),
    *(edge_seen.ReleaseSeen, edge_seen.GatewaySeen),
)


def problems_of(case: Case, marked: Marked) -> list[Problem]:
    """Everything that cannot hold, whatever happens."""
    return _Check(case, marked).problems()


class _Check:
    def __init__(self, case: Case, marked: Marked) -> None:
        self._case, self._marked = case, marked
        self._given = case.scenario.given.configuration
        self._found: list[Problem] = []
        steps = (*case.steps, *case.finally_)
        edits = [step.deed for step in steps if isinstance(step.deed, edge.Edit)]
        given = self._given
        gateways = [f"gateway-{number + 1}" for number in range(given.gateways if given else 0)]
        applications = given.applications if given else []
        clusters = [case.scenario.given.cluster, *case.scenario.given.clusters]
        registered = [step.deed.kubernetes_cluster for step in steps if isinstance(step.deed, edge.Register)]
        self._names: dict[str, list[str]] = {
            "upstream": [u.name for a in applications for u in a.upstreams] + [e.upstream for e in edits if e.upstream],
            "cluster": [*clusters, *registered] if given else [],
            "Kubernetes": clusters,
            "gateway": gateways,
            "process": ["admin", *gateways] if given else [],
            "traffic": list(case.scenario.traffic),
            "application": [application.name for application in applications],
            "kind": list(KINDS),
            "step": [step.modifiers.name for step in steps if step.modifiers.name],
        }

    def problems(self) -> list[Problem]:
        for index, step in enumerate(self._case.steps):
            self._times(step, ("steps", index), index)
            self._step(step, ("steps", index))
        for index, step in enumerate(self._case.finally_):
            self._step(step, ("finally", index))
        for index, step in enumerate(self._case.invariants):
            self._step(step, ("invariants", index))
        self._traffic()
        self._manifests()
        self._faults()
        return self._found

    def _say(self, position: Position | None, message: str) -> None:
        if position is None:
            return
        self._found.append(Problem(self._marked.line(position), written(position), message))

    def _known(self, kind: str, name: str, position: Position) -> None:
        names = self._names[kind]
        if name not in names:
            self._say(position, f"there is no {kind} {name!r}{nearest(name, names)}")

    def _times(self, step: Step, position: Position, index: int) -> None:
        modifiers = step.modifiers
        if not isinstance(step.deed, Expectation):
            for name in ("within", "for", "never", "before", "after"):
                if getattr(modifiers, "for_" if name == "for" else name):
                    self._say((*position, name), f"`{name}` belongs to an expectation, not to an action")
            return
        if modifiers.never and (modifiers.for_ is None or modifiers.within is not None or modifiers.before):
            self._say((*position, "never"), "`never` needs `for`, how long, and neither `within` nor `before`")
        if modifiers.before and (modifiers.within or modifiers.for_):
            self._say((*position, "before"), "`before` says until when already: leave out `within` and `for`")
        if modifiers.after and not modifiers.within:
            self._say((*position, "after"), "`after` needs `within`: how long after that step")
        order = [other.modifiers.name for other in self._case.steps]
        for name in ("before", "after"):
            if order.count(wanted := getattr(modifiers, name)) > 1 and wanted:
                self._say((*position, name), f"two steps have the name {wanted!r}: which is meant?")
        for name, others in (("before", order[index + 1 :]), ("after", order[:index])):
            if (wanted := getattr(modifiers, name)) and wanted not in others:
                where = "later" if name == "before" else "earlier"
                self._say((*position, name), f"no {where} step has the name {wanted!r}")

    def _step(self, step: Step, position: Position) -> None:
        deed = step.deed
        if step.modifiers.cluster:
            self._known("Kubernetes", step.modifiers.cluster, (*position, "cluster"))
        at: Position = (*position, step.key) if position[0] != "invariants" else position
        if isinstance(deed, Expectation | processes.Stop | edge.Edit | edge.Release) and self._given is None:
            if not isinstance(deed, other_seen.ObjectSeen):
                self._say(at, "this needs Edge, but `given.edge` is none")
            return
        self._steps_names(deed, at)

    def _steps_names(self, deed: Any, at: Position) -> None:
        if isinstance(deed, _OF_APPLICATION) and deed.application:
            self._known("application", deed.application, (*at, "application"))
        if isinstance(deed, edge_seen.UpstreamSeen):
            self._known("upstream", deed.upstream, (*at, "upstream"))
        elif isinstance(deed, edge_seen.ClusterSeen):
            self._known("cluster", deed.kubernetes_cluster, (*at, "kubernetes_cluster"))
        elif (isinstance(deed, edge_seen.GatewaySeen) and deed.gateway != "every") or isinstance(
            deed, processes.OfWorker | other_seen.MetricSeen
        ):
            self._known("gateway", deed.gateway, (*at, "gateway"))
        elif isinstance(deed, traffic_seen.RequestSeen):
            self._known("gateway", deed.request.gateway, (*at, "request", "gateway"))
        elif isinstance(deed, traffic_seen.TrafficSeen):
            for name, wanted in deed.traffic.items():
                self._known("traffic", name, (*at, "traffic", name))
                self._outcomes(wanted, (*at, "traffic", name, "outcomes"))
        elif isinstance(deed, processes.Stop | processes.Kill | processes.Start | processes.Pause | processes.Resume):
            self._known("process", deed.process, (*at, "process"))
        elif isinstance(deed, other_seen.LogSeen):
            self._known("process", deed.log, (*at, "log"))
            try:
                re.compile(deed.matches)
            except re.error as error:
                self._say((*at, "matches"), f"expected a regular expression, got {deed.matches!r}: {error}")
        elif isinstance(deed, edge_seen.ReleaseSeen):
            for name in {} if isinstance(deed.servers, UnsetType) else deed.servers:
                self._known("gateway", name, (*at, "servers", name))
        elif isinstance(deed, other_seen.ObjectSeen):
            self._kind(deed.object.kind, (*at, "object", "kind"))
        elif isinstance(deed, objects.Delete | objects.Label | objects.Patch):
            self._kind(deed.kind, (*at, "kind"))
        elif isinstance(deed, objects.Apply):
            for index, manifest in enumerate(deed.manifests):
                self._documents(manifest, (*at, index))

    def _kind(self, kind: str, position: Position) -> None:
        self._known("kind", kind.lower(), position)

    def _outcomes(self, wanted: traffic_seen.TrafficWanted, position: Position) -> None:
        """Every class is one that a request can have: of none other is there ever any."""
        for name in {} if isinstance(wanted.outcomes, UnsetType) else wanted.outcomes:
            if name not in traffic.FAILURES and not re.fullmatch("[1-5][0-9][0-9]", name):
                message = f"expected a status or one of {', '.join(traffic.FAILURES)}, got {name!r}"
                self._say((*position, name), message + nearest(name, list(traffic.FAILURES)))

    def _traffic(self) -> None:
        for name, wanted in self._case.scenario.traffic.items():
            position: Position = ("traffic", name)
            if self._given is None:
                self._say(position, "traffic needs Edge, but `given.edge` is none")
            for index, gateway in enumerate(wanted.gateways):
                self._known("gateway", gateway, (*position, "gateways", index))

    def _faults(self) -> None:
        for index, fault in enumerate(self._case.scenario.given.faults):
            try:
                convert(fault, cluster.Fault)
            except Wrong as wrong:
                self._say(("given", "faults", index, *wrong.position), wrong.message)

    def _manifests(self) -> None:
        """Every manifest can be read, and the services of upstreams are in one of them."""
        given = self._case.scenario.given
        documents: list[Json] = []
        for index, manifest in enumerate(given.manifests):
            documents += self._documents(manifest, ("given", "manifests", index))
        for name, further in given.clusters.items():
            for index, manifest in enumerate(further.manifests):
                documents += self._documents(manifest, ("given", "clusters", name, "manifests", index))
        documents += self._applied()
        if self._found:
            return
        for position, message in whereabouts.unknown(self._case, documents):
            self._say(position, message)
        if self._given is None:
            return
        services = set(_services(documents))
        for number, application in enumerate(self._given.applications):
            for index, upstream in enumerate(application.upstreams):
                position = ("given", "edge", "applications", number, "upstreams", index, "kubernetes", "service")
                for source in upstream.sources:
                    self._source(source, services, position)

    def _source(self, source: KubernetesGiven, services: Collection[tuple[str, str]], position: Position) -> None:
        self._known("cluster", source.cluster, (*position[:-1], "cluster"))
        if (source.namespace, source.service) not in services:
            known = [f"{namespace}/{name}" for namespace, name in sorted(services)]
            wanted = f"{source.namespace}/{source.service}"
            self._say(position, f"no manifest has the service {wanted}{nearest(wanted, known)}")

    def _applied(self) -> Iterator[Json]:
        for step in (*self._case.steps, *self._case.finally_):
            if isinstance(step.deed, objects.Apply):
                for manifest in step.deed.manifests:
                    yield from self._documents(manifest, None)

    def _documents(self, manifest: Manifest, position: Position | None) -> list[Json]:
        """A manifest's objects; what is wrong with it is said of `position`, unless None."""
        if isinstance(manifest, dict):
            documents: Iterable[Any] = [manifest]
        else:
            path = manifest_path(manifest, self._case.path.parent)
            try:
                documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
            except OSError as error:
                self._say(position, f"the manifest {path} cannot be read: {error.strerror}")
                return []
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                self._say(position, f"the manifest {path} is not YAML: {error}")
                return []
        found = []
        for document in filter(None, documents):
            if _is_object(document):
                found.append(document)
            else:
                self._say(position, "expected objects with apiVersion, kind and metadata.name")
        return found


def _is_object(document: Any) -> bool:
    if not isinstance(document, dict) or not {"apiVersion", "kind"} <= document.keys():
        return False
    metadata = document.get("metadata")
    return isinstance(metadata, dict) and isinstance(metadata.get("name"), str)


def _services(documents: Iterable[Json]) -> Iterator[tuple[str, str]]:
    for document in documents:
        if document["kind"] == "Service":
            yield document["metadata"].get("namespace", "default"), document["metadata"]["name"]
