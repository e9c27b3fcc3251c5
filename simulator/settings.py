"""What a simulator can be told: the options of the command, checked, with their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from simulator.cluster.boot import NODES, Node


class SettingsError(Exception):
    """A setting makes no sense, or cannot be had; the message says which and what to do."""


class Settings(msgspec.Struct, frozen=True):
    """Listening addresses are HOST:PORT (port 0 picks a free one).

    `kubeconfig` None puts it into a folder that ends with the simulator. `pod_network` None claims a free /16 of
    127.0.0.0/8. `seed` None takes one from the system, so that names and UIDs differ from run to run. Without `sockets`
    nothing listens anywhere: requests come through `Simulator.transport`, also in virtual time. `time_factor` says how
    fast the loop runs (`simulator.loops`). `replay` is a recording that is played back at `speed` instead of a cluster.
    """

    listen: str = "127.0.0.1:6443"
    control_listen: str = "127.0.0.1:6444"
    control_token: str | None = None
    kubeconfig: Path | None = None
    load: tuple[Path, ...] = ()
    seed: int | None = None
    pods: Literal["serve", "none"] = "serve"
    pod_network: str | None = None
    nodes: tuple[Node, ...] = NODES
    sockets: bool = True
    time_factor: float = 1.0
    replay: Path | None = None
    speed: float = 1.0

    def __repr__(self) -> str:
        return f"<Settings listen={self.listen} control={self.control_listen} pods={self.pods}>"


def address(text: str, name: str) -> tuple[str, int]:
    """HOST:PORT as a pair; SettingsError names the setting."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"{name}: expected HOST:PORT such as 127.0.0.1:6443, got {text!r}")
    return host, int(port)
