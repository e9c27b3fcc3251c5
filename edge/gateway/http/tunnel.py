"""After an endpoint's 101: bytes in both directions, none of them read.

The two transports keep their sockets and change their protocol. Whoever does not take bytes makes the other side not be
read; the end of one side is passed on; a silence of both is a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge.gateway.http.timers import NEVER

if TYPE_CHECKING:
    from edge.gateway.data_path import DataPath


class Tunnel:
    """A client's and an endpoint's transport, joined until both have ended; then `ended(bytes sent to the client)`."""

    def __init__(self, path: DataPath, ended: Callable[[int], None]) -> None:
        self.deadline = NEVER
        self.slot = 0
        self._path = path
        self._ended: Callable[[int], None] | None = ended
        self._sides: tuple[_Side, _Side] | None = None

    def __repr__(self) -> str:
        return f"<Tunnel open={self._ended is not None}>"

    def join(self, client: Any, endpoint: Any, to_client: bytes, to_endpoint: bytes, full: bool = False) -> None:
        """Take both transports over; the bytes are what was read beyond the 101 and beyond the request. `full`: the
        client does not take what it was sent until now."""
        to, back = _Side(self, client, endpoint), _Side(self, endpoint, client)
        self._sides = (to, back)
        self._path.tunnels[self] = None
        client.set_protocol(to)
        endpoint.set_protocol(back)
        client.resume_reading()
        if full:
            endpoint.pause_reading()
        else:
            endpoint.resume_reading()
        if to_client:
            back.data_received(to_client)
        if to_endpoint:
            to.data_received(to_endpoint)
        self.touch()

    def touch(self) -> None:
        """Something was said."""
        path = self._path
        path.wheel.set(self, path.now() + path.settings.tunnel_timeout)

    def deadline_passed(self) -> None:
        """Nothing was said for too long."""
        self.abort()

    def abort(self) -> None:
        """End both sides now."""
        if self._sides is not None:
            for side in self._sides:
                side.peer.abort()

    def side_ended(self) -> None:
        """One connection is gone: the other is closed once it has taken what waits for it."""
        assert self._sides is not None
        for side in self._sides:
            side.peer.close()
        if self._ended is not None:
            ended, self._ended = self._ended, None
            self._path.wheel.remove(self)
            ended(self._sides[1].passed)
            self._path.tunnel_gone(self)

    def half_ended(self) -> None:
        """One side has said its last: nothing more to say when the other has too."""
        assert self._sides is not None
        if all(side.finished for side in self._sides):
            self.side_ended()


class _Side(asyncio.Protocol):
    """Reads one connection of a tunnel, `own`, and writes to `peer`, the other one's transport. A connection over TLS
    ends in both directions at once, and with it the tunnel."""

    __slots__ = ("_ends_by_halves", "finished", "passed", "peer", "tunnel")

    def __init__(self, tunnel: Tunnel, own: Any, peer: Any) -> None:
        self._ends_by_halves = own.can_write_eof() and peer.can_write_eof()
        self.tunnel = tunnel
        self.peer = peer
        self.passed = 0
        self.finished = False

    def data_received(self, data: bytes) -> None:
        self.passed += len(data)
        self.peer.write(data)
        self.tunnel.touch()

    def eof_received(self) -> bool:
        self.finished = True
        if not self._ends_by_halves:
            self.tunnel.side_ended()
            return False
        if not self.peer.is_closing():
            self.peer.write_eof()
        self.tunnel.half_ended()
        return True  # what the peer still says is passed on

    def pause_writing(self) -> None:
        # This side's own connection is full, and what fills it is read from the peer.
        self.peer.pause_reading()

    def resume_writing(self) -> None:
        self.peer.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.tunnel.side_ended()
