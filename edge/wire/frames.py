"""Length-prefixed messages on a stream socket: the channel between an agent and its worker.

The socket is one end of a socketpair that the worker inherited: no path, no permission, no WebSocket code in a worker.
Each message is its length as four bytes, big endian, then its bytes. `send_now` writes to the socket itself, in the
caller's own turn, and not at the end of the loop's: an endpoint is on its way to every worker before anything else
happens. What the socket does not take waits here, at most one message; reading stops while messages wait unread.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Final

from edge.wire.channel import FRAME_LIMIT, ChannelClosed

_CHUNK: Final = 256 * 1024
_UNREAD: Final = 64
_HEAD: Final = 4


class FrameChannel:
    """Messages on `sock`, which the channel owns from now on. Made and used on the running loop."""

    def __init__(self, sock: socket.socket, limit: int = FRAME_LIMIT) -> None:
        sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._limit = limit
        self._unsent = memoryview(b"")
        self._buffer = bytearray()
        self._arrived: deque[bytes] = deque()
        self._reading = False
        self._writing = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._closed: str | None = None
        self._read_on()

    def __repr__(self) -> str:
        state = "open" if self._closed is None else f"closed: {self._closed}"
        return f"<FrameChannel unread={len(self._arrived)} unsent={len(self._unsent)} {state}>"

    # sending

    def send_now(self, frame: bytes) -> bool:
        if self._closed is not None:
            raise ChannelClosed(self._closed)
        if len(frame) > self._limit:
            raise ValueError(f"a message of {len(frame)} bytes; at most {self._limit} fit into a frame")
        if self._unsent:
            return False
        self._unsent = memoryview(len(frame).to_bytes(_HEAD, "big") + frame)
        self._write()
        return True

    async def send(self, frame: bytes) -> None:
        while not self.send_now(frame):
            self._writer = self._loop.create_future()
            await self._writer

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._end(f"writing failed: {error}")
            return
        self._unsent = self._unsent[sent:]
        if self._unsent and not self._writing:
            self._loop.add_writer(self._socket, self._write)
        elif not self._unsent and self._writing:
            self._loop.remove_writer(self._socket)
            _wake(self._writer)
        self._writing = bool(self._unsent)

    # receiving

    async def receive(self) -> bytes:
        while not self._arrived:
            if self._closed is not None:
                raise ChannelClosed(self._closed)
            self._read_on()
            self._reader = self._loop.create_future()
            await self._reader
        return self._arrived.popleft()

    def _read_on(self) -> None:
        if not self._reading and self._closed is None:
            self._reading = True
            self._loop.add_reader(self._socket, self._read)

    def _read(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(f"reading failed: {error}")
            return
        if not data:
            self._end("closed by the other side")
            return
        self._buffer += data
        self._split()

    def _split(self) -> None:
        start = 0
        while len(self._buffer) - start >= _HEAD:
            length = int.from_bytes(self._buffer[start : start + _HEAD], "big")
            if length > self._limit:
                self._end(f"a message of {length} bytes came; at most {self._limit} are taken")
                return
            end = start + _HEAD + length
            if len(self._buffer) < end:
                break
            self._arrived.append(bytes(memoryview(self._buffer)[start + _HEAD : end]))
            start = end
        if start:
            del self._buffer[:start]
            _wake(self._reader)
        if len(self._arrived) >= _UNREAD:
            self._reading = False
            self._loop.remove_reader(self._socket)

    # ending

    async def close(self, reason: str = "") -> None:
        self._end(reason or "closed here")

    def _end(self, reason: str) -> None:
        if self._closed is not None:
            return
        self._closed = reason
        self._reading = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        _wake(self._reader)
        _wake(self._writer)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
