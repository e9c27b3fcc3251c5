"""Everything that one running case consists of; what steps act on and look at."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from edge import clock
from edge.demo.tutorial import HELLO_MANIFEST, TOKEN_MANIFEST
from scenarios.errors import StepError
from scenarios.house import House
from scenarios.kubernetes import Kubernetes
from scenarios.model import Json, Manifest
from scenarios.targets import Control, Target
from scenarios.timeline import Timeline
from scenarios.traffic import Running

BUILT_IN = {"test-hello.yaml": HELLO_MANIFEST, "token.yml": TOKEN_MANIFEST}
READER = "system:serviceaccount:default:edge-reader"


class Slice(NamedTuple):
    """An EndpointSlice and the service that it belongs to."""

    namespace: str
    service: str
    name: str


class World:
    """`beside` is the scenario file's folder, where relative paths begin."""

    def __init__(self, target: Target, timeline: Timeline, beside: Path, seed: int) -> None:
        self.target = target
        self.timeline = timeline
        self.beside = beside
        self.random = random.Random(seed)
        self.traffic: dict[str, Running] = {}
        self.faults: dict[str, str] = {}  # name → the simulator's id
        self.removed: dict[str, Json] = {}  # objects taken away for a while
        self.cordoned: dict[str, None] = {}  # nodes that a step cordoned
        self.pods_ended: dict[str, float] = {}  # pod → when it was told to end
        self.offered: dict[Slice, set[str]] = {}  # their ready addresses, as Kubernetes has them
        self.services: dict[tuple[str, str], None] = {}  # (namespace, name) of those that upstreams follow
        self._house: House | None = None

    @property
    def kubernetes(self) -> Kubernetes:
        return self.target.kubernetes

    @property
    def control(self) -> Control:
        if self.target.control is None:
            raise StepError(f"the target {self.target.name} is no simulator, so this cannot be done to it")
        return self.target.control

    @property
    def house(self) -> House:
        if self._house is None:
            raise StepError("this file has no Edge: `given.edge` is none")
        return self._house

    def move_in(self, house: House) -> None:
        self._house = house

    @property
    def ready_addresses(self) -> set[str]:
        """Every address that Kubernetes offers as ready now, of the services that upstreams follow."""
        return {
            address
            for slice, addresses in self.offered.items()
            if (slice.namespace, slice.service) in self.services
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
