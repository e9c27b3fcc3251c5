"""Targets: the Kubernetes that a scenario runs on.

`simulator` starts one of its own for every case; `kubeconfig:PATH` uses a cluster that is there; `kind` makes one for
the whole run, or uses the one that is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from scenarios.errors import TargetError
from scenarios.kubernetes import Kubernetes
from scenarios.model import Need

TARGETS = "simulator, kubeconfig:PATH, kind, kind:NAME"


class Address(msgspec.Struct, frozen=True):
    """What Edge is told of the cluster. `ca_certificate` None: its certificate is not checked."""

    host: str
    port: int
    token: str
    ca_certificate: str | None = None

    def __repr__(self) -> str:
        return f"<Address {self.host}:{self.port}>"


class Control(Protocol):
    """What can be done to a simulator and to no real cluster."""

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the simulator's control API, below /control/v1/. StepError when it is refused."""


class ApiServer(Protocol):
    """An API server that can be taken away for a while. Each method raises StepError when it was not done."""

    async def stop(self, keep: bool) -> None:
        """It ends; pods go on. Without `keep` it forgets everything."""

    async def start(self) -> None:
        """It runs again where it was, and answers."""

    async def pause(self) -> None:
        """It says nothing any more: connections stay open and silent."""

    async def resume(self) -> None:
        """It goes on."""


class Nodes(Protocol):
    """Nodes that are in reach, by name. Each method raises StepError when it was not done."""

    def changed(self, how: str) -> list[str]:
        """The nodes that are `paused`, `stopped` or `cut`."""

    async def pause(self, name: str) -> None: ...
    async def resume(self, name: str) -> None: ...
    async def stop(self, name: str) -> None: ...
    async def start(self, name: str) -> None: ...
    async def cut(self, name: str) -> None:
        """It runs on without its network."""

    async def join(self, name: str) -> None:
        """Back to its network."""


class Target(Protocol):
    """One cluster for one case."""

    name: str
    offers: tuple[Need, ...]  # what it has beyond the Kubernetes API; a case that needs more is skipped
    kubernetes: Kubernetes
    control: Control | None  # None: not a simulator
    api_server: ApiServer | None
    nodes: Nodes | None

    async def open(self, folder: Path) -> None:
        """Make it ready. TargetError when it cannot be used."""

    async def address(self) -> Address:
        """Where Edge finds it, with the token of the service account edge-reader, which is made when it is missing."""

    async def close(self) -> None:
        """End what `open` started; delete what the case applied, where the cluster outlives it."""


class Source:
    """Makes a target for each case; `close` ends what they shared. It may be opened in one event loop and closed in
    another."""

    def __init__(self, make: Callable[[], Target], close: Callable[[], Awaitable[None]] | None = None) -> None:
        self._make, self._close = make, close

    def __call__(self) -> Target:
        return self._make()

    async def close(self) -> None:
        """Whatever outlived its cases ends. TargetError with what could not be ended."""
        if self._close is not None:
            await self._close()


def find(name: str) -> Source:
    """Targets of this name. TargetError when there are none such."""
    kind, colon, rest = name.partition(":")
    if name == "simulator":
        from scenarios.targets.simulator import SimulatorTarget

        return Source(SimulatorTarget)
    if kind == "kubeconfig" and rest:
        from scenarios.targets.kubeconfig import KubeconfigTarget

        path = Path(rest).expanduser()
        return Source(lambda: KubeconfigTarget(path))
    if kind == "kind" and (rest or not colon):
        from scenarios.targets.kind.cluster import DEFAULT, KindCluster
        from scenarios.targets.kind.target import KindTarget

        cluster = KindCluster(rest or DEFAULT)
        return Source(lambda: KindTarget(cluster), cluster.close)
    raise TargetError(f"expected one of the targets {TARGETS}, got {name!r}")
