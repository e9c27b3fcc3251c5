"""Targets: the Kubernetes that a scenario runs on.

`simulator` starts one of its own for every case; `kubeconfig:PATH` uses a cluster that is there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from scenarios.errors import TargetError
from scenarios.kubernetes import Kubernetes
from scenarios.model import Need


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


class Target(Protocol):
    """One cluster for one case."""

    name: str
    offers: tuple[Need, ...]  # what it has beyond the Kubernetes API; a case that needs more is skipped
    kubernetes: Kubernetes
    control: Control | None  # None: not a simulator

    async def open(self, folder: Path) -> None:
        """Make it ready. TargetError when it cannot be used."""

    async def address(self) -> Address:
        """Where Edge finds it, with the token of the service account edge-reader, which is made when it is missing."""

    async def close(self) -> None:
        """End what `open` started; delete what the case applied, where the cluster outlives it."""


def find(name: str) -> Callable[[], Target]:
    """What makes a target of this name for each case. TargetError when there is no such target."""
    if name == "simulator":
        from scenarios.targets.simulator import SimulatorTarget

        return SimulatorTarget
    if name.startswith("kubeconfig:"):
        from scenarios.targets.kubeconfig import KubeconfigTarget

        path = Path(name.removeprefix("kubeconfig:")).expanduser()
        return lambda: KubeconfigTarget(path)
    raise TargetError(f"expected the target simulator or kubeconfig:PATH, got {name!r}")
