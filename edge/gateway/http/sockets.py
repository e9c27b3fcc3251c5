"""What the event loop does not do for a connection, done with its socket: asking what waits there, and resetting.

An endpoint that refuses a body answers, closes and reads no more; its kernel answers what we still send with a reset
(RFC 9112 9.6 wants servers to read on for a while; many do not). When a write meets that reset first, the event loop
ends the transport and never reads the answer, which the kernel still holds: so it is asked here.

The loop's `abort` ends a connection as its `close` does, where nothing is left to send; only a reset tells a client
whose answer ends with the connection that it is not whole.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from contextlib import suppress
from typing import Any, Final

_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER for no time at all (socket(7))
LIMIT: Final = 256 * 1024
"""Bytes of an answer that are looked for; one that is longer is cut."""


def has_spoken(transport: Any) -> bool:
    """Whether something waits in the socket of an idle connection, if only its end."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return False
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))


def read_unread(transport: Any) -> bytes:
    """What waits in the socket of a transport that has just failed; nothing over TLS: there it is encrypted."""
    sock = transport.get_extra_info("socket")
    if sock is None or transport.get_extra_info("ssl_object") is not None:
        return b""
    parts = []
    left = LIMIT
    try:
        while left:
            data = os.read(sock.fileno(), left)
            if not data:
                break
            parts.append(data)
            left -= len(data)
    except OSError:  # nothing more is there
        pass
    return b"".join(parts)


def reset_at_close(transport: Any) -> None:
    """Let the end of this connection be a reset; what has not been sent is thrown away then."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):  # it has ended already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
