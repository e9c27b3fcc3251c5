"""Listening sockets that a supervisor has opened and passes on, as systemd does (sd_listen_fds(3)): LISTEN_FDS of them
from descriptor 3 on, meant for the process LISTEN_PID.

The supervisor keeps them open while the gateway is restarted, so nobody is refused meanwhile: connections wait in the
queue for the successor. One is used in place of a socket that an option asks for at the same address.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

from edge.gateway.errors import GatewayError

FIRST = 3


def take(environment: MutableMapping[str, str], pid: int, first: int = FIRST) -> list[socket.socket]:
    """The sockets meant for this process; taken out of `environment`, so that no child takes them for its own. Raises
    GatewayError for what is no socket of this kind."""
    meant, count = environment.pop("LISTEN_PID", ""), environment.pop("LISTEN_FDS", "")
    environment.pop("LISTEN_FDNAMES", None)
    if meant != str(pid) or not (count.isascii() and count.isdigit()):
        return []
    return [_listening(descriptor) for descriptor in range(first, first + int(count))]


def _listening(descriptor: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise _refused(descriptor, f"it is no socket ({error.strerror})") from None
    wrong = _problem(sock)
    if wrong is not None:
        sock.close()
        raise _refused(descriptor, wrong)
    os.set_inheritable(descriptor, False)
    sock.setblocking(False)
    return sock


def _problem(sock: socket.socket) -> str | None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        return "it does not speak TCP"
    if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return "it does not listen"
    if sock.family == socket.AF_INET6 and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        return "it takes IPv4 and IPv6 alike, which rules could not tell apart: say BindIPv6Only=ipv6-only"
    return None


def _refused(descriptor: int, reason: str) -> GatewayError:
    return GatewayError(f"the listening socket that was passed as descriptor {descriptor} cannot be used: {reason}")
