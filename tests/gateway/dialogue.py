"""A gateway without sockets: the client says, the gateway connects, the upstream says, the client hears.

The loop and the transports are fakes; everything between them is real. Time passes only by `wait`.
"""

from __future__ import annotations

import heapq
import itertools
import random
import socket
from collections.abc import Callable
from typing import Any

from edge.gateway.data_path import DataPath
from edge.gateway.http.protocol import ClientProtocol
from edge.gateway.http.upstream import UpstreamConnection
from edge.gateway.settings import Settings
from edge.gateway.snapshot import Snapshot


class FakeHandle:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """Timers and callbacks, run by `run_ready` and `advance`."""

    virtual_epoch = 1_750_000_000.0

    def __init__(self) -> None:
        self._now = 1000.0
        self._counter = itertools.count()
        self._timers: list[tuple[float, int, FakeHandle, Callable[..., Any], tuple[Any, ...]]] = []
        self.timers_made = 0

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any) -> FakeHandle:
        self.timers_made += 1
        handle = FakeHandle()
        heapq.heappush(self._timers, (when, next(self._counter), handle, callback, args))
        return handle

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any) -> FakeHandle:
        return self.call_at(self._now + delay, callback, *args)

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> FakeHandle:
        handle = self.call_at(self._now, callback, *args)
        self.timers_made -= 1
        return handle

    def run_ready(self) -> None:
        while self._timers and self._timers[0][0] <= self._now:
            _, _, handle, callback, args = heapq.heappop(self._timers)
            if not handle.cancelled:
                callback(*args)

    def advance(self, seconds: float) -> None:
        end = self._now + seconds
        while self._timers and self._timers[0][0] <= end:
            self._now = max(self._now, self._timers[0][0])
            self.run_ready()
        self._now = end
        self.run_ready()

    @property
    def armed(self) -> int:
        return sum(not timer[2].cancelled for timer in self._timers)


class FakeTransport:
    """What was written, and whether reading is paused. `room` plays a peer that takes no more than so many bytes."""

    def __init__(self, loop: FakeLoop, protocol: Any, peername: tuple[str, int]) -> None:
        self._loop = loop
        self._peername = peername
        self.socket: socket.socket | None = None
        self.protocol = protocol
        self.written = bytearray()
        self.limit = 0
        self.room: int | None = None
        self.full = False
        self.paused = False
        self.closed = False
        self.aborted = False
        self.lost = False
        self.eof_written = False

    def get_extra_info(self, name: str) -> Any:
        return {"peername": self._peername, "socket": self.socket}.get(name)

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int) -> None:
        self.limit = high

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.eof_written = True

    def write(self, data: bytes) -> None:
        assert not self.eof_written, "written after the end"
        if not self.closed:
            self.written += data
            if self.room is not None and not self.full and len(self.written) > self.room + self.limit:
                self.full = True
                self.protocol.pause_writing()  # within the write, as uvloop does

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        self.aborted = True
        self.close()

    def lose(self, exc: Exception | None = None) -> None:
        self.closed = True
        self._lose(exc)

    def _lose(self, exc: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connection_lost(exc)


class Side:
    """One end of a connection, played by the test."""

    def __init__(self, loop: FakeLoop, transport: FakeTransport) -> None:
        self._loop = loop
        self.transport = transport
        self.ended = False

    def says(self, data: bytes) -> None:
        assert not self.transport.lost, "the gateway has closed this connection"
        assert not self.transport.paused, "the gateway does not read this connection now"
        self.transport.protocol.data_received(data)
        self._loop.run_ready()

    def hears(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self.transport.written)
        self.transport.written.clear()
        return data

    def ends(self) -> None:
        """End of file; the transport closes unless the protocol wants to go on."""
        self.ended = True
        if not self.transport.protocol.eof_received():
            self.transport.close()
        self._loop.run_ready()

    def resets(self) -> None:
        self.transport.lose(ConnectionResetError())
        self._loop.run_ready()

    def stops_taking(self) -> None:
        self.transport.protocol.pause_writing()
        self._loop.run_ready()

    def takes_again(self) -> None:
        self.transport.room = None
        self.transport.full = False
        self.transport.protocol.resume_writing()
        self._loop.run_ready()

    @property
    def closed(self) -> bool:
        return self.transport.lost


class Dialogue:
    """A worker's data path serving `snapshot`."""

    def __init__(self, snapshot: Snapshot, **settings: Any) -> None:
        self.loop = FakeLoop()
        self.connecting: list[UpstreamConnection] = []
        loop: Any = self.loop
        self.path = DataPath(loop, Settings(**settings), snapshot, self.connecting.append, random.Random(7))

    def client(self, address: str = "192.0.2.7") -> Side:
        protocol = ClientProtocol(self.path)
        transport = FakeTransport(self.loop, protocol, (address, 50000))
        protocol.connection_made(transport)  # type: ignore[arg-type]
        return Side(self.loop, transport)

    def connects(self) -> tuple[str, int]:
        """Where the gateway is connecting to: exactly one connection is being opened."""
        assert len(self.connecting) == 1, self.connecting
        return self.connecting[0].origin.address

    def accepts(self, room: int | None = None) -> Side:
        """The endpoint takes the connection that is being opened, and no more than `room` bytes for now."""
        connection = self.connecting.pop(0)
        transport = FakeTransport(self.loop, connection, connection.origin.address)
        transport.room = room
        connection.connection_made(transport)  # type: ignore[arg-type]
        self.loop.run_ready()
        return Side(self.loop, transport)

    def refuses(self) -> None:
        self.connecting.pop(0).connect_failed(False)
        self.loop.run_ready()

    def never_answers(self) -> None:
        """The connection times out."""
        self.connecting.pop(0).connect_failed(True)
        self.loop.run_ready()

    def wait(self, seconds: float) -> None:
        self.loop.advance(seconds)
