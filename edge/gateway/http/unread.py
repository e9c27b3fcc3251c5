"""What an endpoint has said and the event loop has not read, asked of the socket itself.

An endpoint that refuses a body answers, closes and reads no more; its kernel answers what we still send with a reset
(RFC 9112 9.6 wants servers to read on for a while; many do not). When a write meets that reset first, the event loop
ends the transport and never reads the answer, which the kernel still holds: so it is asked here.
"""

from __future__ import annotations

import os
import select
from typing import Any, Final

LIMIT: Final = 256 * 1024
"""Bytes of an answer that are looked for; one that is longer is cut."""


def has_spoken(transport: Any) -> bool:
    """Whether something waits in the socket of an idle connection, if only its end."""
    socket = transport.get_extra_info("socket")
    if socket is None:
        return False
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))


def read_unread(transport: Any) -> bytes:
    """What waits in the socket of a transport that has just failed; nothing over TLS: there it is encrypted."""
    socket = transport.get_extra_info("socket")
    if socket is None or transport.get_extra_info("ssl_object") is not None:
        return b""
    parts = []
    left = LIMIT
    try:
        while left:
            data = os.read(socket.fileno(), left)
            if not data:
                break
            parts.append(data)
            left -= len(data)
    except OSError:  # nothing more is there
        pass
    return b"".join(parts)
