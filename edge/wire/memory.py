"""Two ends of a channel in memory: what tests and the virtual-time house speak over."""

from __future__ import annotations

import asyncio
from collections import deque

from edge.wire.channel import ChannelClosed


class MemoryChannel:
    """One end. At most `capacity` messages wait for the other side, so that a slow reader is felt as on a socket."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._arrived: deque[bytes] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._closed: str | None = None
        self.other: MemoryChannel = self

    def __repr__(self) -> str:
        state = "open" if self._closed is None else f"closed: {self._closed}"
        return f"<MemoryChannel waiting={len(self._arrived)} {state}>"

    def send_now(self, frame: bytes) -> bool:
        if self._closed is not None:
            raise ChannelClosed(self._closed)
        if len(self.other._arrived) >= self._capacity:
            return False
        self.other._arrived.append(frame)
        _wake(self.other._reader)
        return True

    async def send(self, frame: bytes) -> None:
        while not self.send_now(frame):
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer

    async def receive(self) -> bytes:
        while not self._arrived:
            if self._closed is not None:
                raise ChannelClosed(self._closed)
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        frame = self._arrived.popleft()
        _wake(self.other._writer)
        return frame

    async def close(self, reason: str = "") -> None:
        for end in (self, self.other):
            if end._closed is None:
                end._closed = reason
            _wake(end._reader)
            _wake(end._writer)


def pair(capacity: int = 64) -> tuple[MemoryChannel, MemoryChannel]:
    """Both ends of a channel that holds `capacity` messages in each direction."""
    one, other = MemoryChannel(capacity), MemoryChannel(capacity)
    one.other, other.other = other, one
    return one, other


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
