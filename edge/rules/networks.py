"""Sets of IP networks, asked in constant time however many there are."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

_MAPPED = b"\0" * 10 + b"\xff\xff"  # IPv4-mapped IPv6 addresses, RFC 4291 2.5.5.2


def parse(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network like `10.0.0.0/8`, or an address, which is a network of one. Raises ValueError with what to write."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"expected an IP address or network like 10.0.0.0/8 or fd00::/8, not {text!r}") from error
        raise ValueError(f"{text!r} has bits set beyond its prefix length; write {meant}") from error


class Networks:
    """Networks grouped by version and prefix length: one look-up for each length that occurs."""

    __slots__ = ("_v4", "_v6")

    def __init__(self, texts: Iterable[str]) -> None:
        """Raises ValueError."""
        v4: dict[int, dict[int, None]] = {}
        v6: dict[int, dict[int, None]] = {}
        for text in texts:
            network = parse(text)
            shift = network.max_prefixlen - network.prefixlen
            group = (v4 if network.version == 4 else v6).setdefault(shift, {})
            group[int(network.network_address) >> shift] = None
        self._v4 = tuple(v4.items())
        self._v6 = tuple(v6.items())

    def __contains__(self, address: str) -> bool:
        """Whether an address is in one of them. An IPv4-mapped address counts as IPv4; other text is in none."""
        packed = _pack(address)
        if packed is None:
            return False
        groups = self._v4 if len(packed) == 4 else self._v6
        number = int.from_bytes(packed, "big")
        return any(number >> shift in group for shift, group in groups)


def _pack(address: str) -> bytes | None:
    try:
        if ":" not in address:
            return socket.inet_pton(socket.AF_INET, address)
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return None
    return packed[12:] if packed.startswith(_MAPPED) else packed
