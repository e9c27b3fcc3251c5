"""The gateway's own ports, which are never endpoints: they are left out before anything is chosen from.

Endpoint addresses come from outside. One that is a port of this gateway would make it ask itself, or show its status
port to its clients. Servers written by hand are an operator's own wish and stay; a loop of theirs ends with 508.

A socket bound to one address is that address and port. One bound to all addresses is its port on every address of this
machine, of its family. Whether an address is this machine's is asked of the kernel, which lets a socket be bound to no
other one; it is asked only about endpoints with one of our ports, and the answers are remembered.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable

import msgspec
import structlog

from edge.gateway.listening import ListenAddress
from edge.model.endpoint import Endpoint
from edge.model.source import SourceState

log = structlog.get_logger("edge.gateway")

_REMEMBERED = 10_000
"""Addresses; beyond it is begun anew."""


def is_local(address: str) -> bool:
    """Whether this machine has the IP address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


class OwnPorts:
    """Where this gateway listens, as bound."""

    def __init__(self, bound: Iterable[ListenAddress] = (), is_local: Callable[[str], bool] = is_local) -> None:
        self._is_local = is_local
        self._exact: dict[tuple[str, int], None] = {}
        self._everywhere: dict[tuple[int, int], None] = {}  # (version of IP, port)
        for listen in bound:
            address = ipaddress.ip_address(listen.host.partition("%")[0])
            if address.is_unspecified:
                self._everywhere[address.version, listen.port] = None
            else:
                self._exact[str(address), listen.port] = None
        self._ports = dict.fromkeys(port for _, port in (*self._exact, *self._everywhere))
        self._local: dict[str, bool] = {}
        self._said: dict[tuple[str, int], None] = {}

    def __repr__(self) -> str:
        return f"<OwnPorts {list(self._ports)}>"

    def without(self, state: SourceState) -> SourceState:
        """The state without endpoints that are ours; the same object when none is. Each is logged once."""
        ports = self._ports
        if not any(endpoint.port in ports for endpoint in state.endpoints):
            return state
        kept = tuple(endpoint for endpoint in state.endpoints if not self._is_own(endpoint, state.source.key))
        return state if len(kept) == len(state.endpoints) else msgspec.structs.replace(state, endpoints=kept)

    def _is_own(self, endpoint: Endpoint, source: str) -> bool:
        if endpoint.port not in self._ports:
            return False
        try:
            address = ipaddress.ip_address(endpoint.address)
        except ValueError:
            return False  # a name; if it leads here, the request's Via ends the loop
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        where = str(address), endpoint.port
        if where not in self._exact and not (
            (address.version, endpoint.port) in self._everywhere and self._is_ours(where[0])
        ):
            return False
        if where not in self._said and len(self._said) < _REMEMBERED:
            self._said[where] = None
            log.warning("an endpoint is a port of this gateway: left out", endpoint=endpoint.authority, source=source)
        return True

    def _is_ours(self, address: str) -> bool:
        known = self._local.get(address)
        if known is None:
            if len(self._local) >= _REMEMBERED:
                self._local.clear()
            known = self._local[address] = self._is_local(address)
        return known
