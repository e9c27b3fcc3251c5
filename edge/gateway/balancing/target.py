"""Who may be asked: addresses, and which of an upstream's endpoints or servers are targets.

Endpoints become targets by one rule (KEP-1669): those that are ready and not terminating; when there is none, those
still `serving`, terminating or not; when there is none either, nothing, and the upstream answers 503.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from edge.model.endpoint import Endpoint
from edge.model.upstream import Server

Address: TypeAlias = tuple[str, int]


class Target(msgspec.Struct, frozen=True, gc=False):
    """What may be asked. `address` is (IP address or host name, port); IPv6 without brackets. `zone` is where it is,
    empty when that is not known."""

    address: Address
    weight: int = 1
    zone: str = ""


def eligible(endpoints: Iterable[Endpoint]) -> tuple[Target, ...]:
    """The targets among endpoints, each address once, in order."""
    known = list(endpoints)
    chosen = [endpoint for endpoint in known if endpoint.ready and not endpoint.terminating]
    if not chosen:
        chosen = [endpoint for endpoint in known if endpoint.serving]
    zones = {(endpoint.address, endpoint.port): endpoint.zone for endpoint in chosen}
    return tuple(Target(address, 1, zone) for address, zone in zones.items())


def in_use(servers: Iterable[Server]) -> tuple[Target, ...]:
    """The targets among servers written by hand; weight 0 is out of use."""
    return tuple(Target((server.host, server.port), server.weight) for server in servers if server.weight > 0)


def shown(address: Address) -> str:
    """An endpoint's name: HOST:PORT, IPv6 in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
