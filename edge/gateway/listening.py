"""Listening sockets, bound before anything else is started."""

from __future__ import annotations

import socket

import msgspec

from edge.gateway.errors import GatewayError

BACKLOG = 2048


class ListenAddress(msgspec.Struct, frozen=True):
    """Where to listen; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str) -> ListenAddress:
    """HOST:PORT, IPv6 in brackets, :PORT for all addresses. Raises ValueError with a sentence."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r} is not HOST:PORT: write an IPv6 address in brackets, [::1]:8080")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT with a port of 0 to 65535")
    return ListenAddress(host or "0.0.0.0", int(port))


def bind(address: ListenAddress, option: str, inherited: list[socket.socket] | None = None) -> socket.socket:
    """A listening socket: that of this address among the `inherited` ones, which is taken from them, or a new one.
    Raises GatewayError naming the command's `option`."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, where = found[0]
        given = [] if inherited is None else inherited
        for place, sock in enumerate(given):
            if sock.family == family and sock.getsockname()[:2] == where[:2]:
                return given.pop(place)
        sock = socket.socket(family, kind, protocol)
    except UnicodeError:
        raise GatewayError(f"cannot listen on {address}: {address.host!r} is no host name ({option})") from None
    except OSError as error:
        raise GatewayError(f"cannot listen on {address}: {error.strerror} ({option})") from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(where)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise GatewayError(f"cannot listen on {address}: {error.strerror} ({option})") from None
    return sock


def bound(sock: socket.socket) -> ListenAddress:
    """Where a socket listens."""
    host, port = sock.getsockname()[:2]
    return ListenAddress(host, port)
