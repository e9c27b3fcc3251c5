"""The pod network: a /16 of 127.0.0.0/8 that belongs to one simulator as long as it runs.

A network is claimed by binding a UDP *lock socket* on its address x.y.255.254, port 61443 (above the ephemeral range,
never SO_REUSEADDR). The kernel gives it to one process and takes it back when that process ends, however it ends, so
parallel simulators never share an address and nothing is left to clean up. The search starts at a random network,
because an address that another simulator has just given back may still be remembered by somebody's connection pool.
"""

from __future__ import annotations

import errno
import ipaddress
import random
import socket

LOCK_PORT = 61443


class NetworkError(Exception):
    """The pod network could not be claimed; the message says why and what to do."""


class PodNetwork:
    """A claimed network and the addresses given out from it, in order, reused only after the last one."""

    def __init__(self, network: ipaddress.IPv4Network, lock: socket.socket | None = None) -> None:
        self.network = network
        self._lock = lock
        self._next = 0
        self._taken: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<PodNetwork {self.network} taken={len(self._taken)}>"

    def allocate(self) -> str:
        """An address nobody has; NetworkError when all are taken."""
        size = self.network.num_addresses
        for _ in range(size):
            self._next = (self._next + 1) % size
            address = str(self.network[self._next])
            if not address.endswith((".0", ".255", ".254")) and address not in self._taken:
                self._taken[address] = None
                return address
        raise NetworkError(f"every address of the pod network {self.network} is taken")

    def release(self, address: str) -> None:
        """Give an address back."""
        self._taken.pop(address, None)

    def close(self) -> None:
        """Give the whole network back."""
        if self._lock is not None:
            self._lock.close()


def claim(wanted: str | None, source: random.Random) -> PodNetwork:
    """Claim `wanted` (CIDR, 127.0.0.0/8 only), or some free /16 of 127.0.0.0/8 from 127.16 to 127.250."""
    if wanted is not None:
        network = _parse(wanted)
        lock = _lock(network)
        if lock is None:
            raise NetworkError(f"the pod network {network} is in use by another simulator; give another --pod-network")
        return PodNetwork(network, lock)
    numbers = list(range(16, 251))
    source.shuffle(numbers)
    for number in numbers:
        network = ipaddress.IPv4Network(f"127.{number}.0.0/16")
        lock = _lock(network)
        if lock is not None:
            return PodNetwork(network, lock)
    raise NetworkError(
        "no /16 of 127.0.0.0/8 could be claimed; is the whole of 127.0.0.0/8 on the loopback interface? "
        "Give one with --pod-network"
    )


def unclaimed(wanted: str | None) -> PodNetwork:
    """A network of addresses that nothing will ever listen on, so nobody has to own it: 10.244.0.0/16 by default."""
    try:
        return PodNetwork(ipaddress.IPv4Network(wanted or "10.244.0.0/16"))
    except ValueError as error:
        raise NetworkError(f"pod network: expected a CIDR such as 10.244.0.0/16, got {wanted!r} ({error})") from None


def _parse(text: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise NetworkError(f"pod network: expected a CIDR such as 127.20.0.0/16, got {text!r} ({error})") from None
    if not network.subnet_of(ipaddress.IPv4Network("127.0.0.0/8")) or network.prefixlen > 29:
        raise NetworkError(f"pod network: expected a part of 127.0.0.0/8 with at least 8 addresses, got {text}")
    return network


def _lock(network: ipaddress.IPv4Network) -> socket.socket | None:
    lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        lock.bind((str(network[-2]), LOCK_PORT))
    except OSError as error:
        lock.close()
        if error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
            return None
        raise NetworkError(f"the pod network {network} could not be claimed: {error.strerror}") from None
    return lock
