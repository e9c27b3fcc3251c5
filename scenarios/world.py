"""Everything that one running case consists of; what steps act on and look at."""

from __future__ import annotations

import copy
import random
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from edge import clock
from edge.demo.tutorial import HELLO_MANIFEST, TOKEN_MANIFEST
from scenarios.errors import StepError
from scenarios.house import House
from scenarios.kubernetes import Kubernetes
from scenarios.model import Json, Manifest
from scenarios.targets import ApiServer, Control, Nodes, Target
from scenarios.timeline import Timeline
from scenarios.traffic import Running

BUILT_IN = {"test-hello.yaml": HELLO_MANIFEST, "token.yml": TOKEN_MANIFEST}
READER = "system:serviceaccount:default:edge-reader"


Service = tuple[str, str, str]
"""(cluster, namespace, name)."""


class Slice(NamedTuple):
    """An EndpointSlice and the service that it belongs to."""

    cluster: str
    namespace: str
    service: str
    name: str


class World:
    """`beside` is the scenario file's folder, where relative paths begin. What is done to Kubernetes is done to
    `target`, the cluster that Edge knows by the name `cluster`; `at` is the same world with another one."""

    def __init__(self, target: Target, timeline: Timeline, beside: Path, seed: int, cluster: str = "test") -> None:
        self.target = target
        self.cluster = cluster
        self.targets: dict[str, Target] = {cluster: target}
        self.timeline = timeline
        self.beside = beside
        self.random = random.Random(seed)
        self.traffic: dict[str, Running] = {}
        self.faults: dict[str, str] = {}  # name → the simulator's id
        self.away: dict[str, str] = {}  # what a step stopped or paused, of all clusters → how it is, for the report
        self.removed: dict[str, Json] = {}  # objects taken away for a while
        self.cordoned: dict[str, None] = {}  # nodes that a step cordoned
        self.pods_ended: dict[str, float] = {}  # pod → when it was told to end
        self.offered: dict[Slice, set[str]] = {}  # their ready addresses, as Kubernetes has them
        self.services: dict[Service, None] = {}  # those that upstreams follow
        self._house: House | None = None
        self._elsewhere: dict[str, World] = {}

    @property
    def kubernetes(self) -> Kubernetes:
        return self.target.kubernetes

    @property
    def control(self) -> Control:
        if self.target.control is None:
            raise StepError(f"the target {self.target.name} is no simulator, so this cannot be done to it")
        return self.target.control

    @property
    def api_server(self) -> ApiServer:
        if self.target.api_server is None:
            raise StepError(f"the API server of the target {self.target.name} is out of reach")
        return self.target.api_server

    @property
    def nodes(self) -> Nodes:
        if self.target.nodes is None:
            raise StepError(f"the nodes of the target {self.target.name} are out of reach")
        return self.target.nodes

    @property
    def house(self) -> House:
        if self._house is None:
            raise StepError("this file has no Edge: `given.edge` is none")
        return self._house

    @property
    def first_gateway(self) -> str:
        """Its URL; empty when there is none."""
        urls = [url for url, _ in self._house.gateways.values()] if self._house is not None else []
        return urls[0] if urls else ""

    def move_in(self, house: House) -> None:
        self._house = house

    def at(self, cluster: str) -> World:
        """This world as it is seen from a cluster; this one itself when `cluster` is empty."""
        if cluster in ("", self.cluster):
            return self
        if cluster not in self.targets:
            raise StepError(f"expected one of the clusters {', '.join(self.targets)}, got {cluster!r}")
        if cluster not in self._elsewhere:
            other = self._elsewhere[cluster] = copy.copy(self)
            other.target, other.cluster = self.targets[cluster], cluster
            other.faults, other.removed, other.cordoned, other._elsewhere = {}, {}, {}, {self.cluster: self}
        return self._elsewhere[cluster]

    def ready_addresses(self, services: Collection[Service] | None = None) -> set[str]:
        """Every address that Kubernetes offers as ready now, of these services; None: of all that upstreams follow."""
        wanted = self.services if services is None else services
        return {
            address
            for slice, addresses in self.offered.items()
            if (slice.cluster, slice.namespace, slice.service) in wanted
            for address in addresses
        }

    async def documents(self, manifest: Manifest) -> list[Json]:
        """A manifest's objects."""
        if isinstance(manifest, dict):
            return [manifest]
        path = manifest_path(manifest, self.beside)
        text = await clock.run_blocking(lambda: path.read_text(encoding="utf-8"))
        return [document for document in yaml.safe_load_all(text) if document]


def manifest_path(name: str, beside: Path) -> Path:
    """Where a manifest is: beside the scenario file, else one of the built-in ones."""
    own = beside / name
    return own if own.exists() else BUILT_IN.get(name, own)


def at(value: Any, path: str) -> Any:
    """`spec.ports[0].port` of a Kubernetes object; None when there is no such thing."""
    for part in path.replace("[", ".[").split("."):
        if part.startswith("["):
            index = int(part[1:-1])
            value = value[index] if isinstance(value, list) and -len(value) <= index < len(value) else None
        elif part:
            value = value.get(part) if isinstance(value, dict) else None
    return value
