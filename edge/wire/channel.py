"""What hub and subscription speak over: whole messages in order, both ways, until one side closes."""

from __future__ import annotations

from typing import Protocol

FRAME_LIMIT = 16 * 1024 * 1024
"""Bytes of the largest message. A longer one closes the channel; a document must fit into it."""


class ChannelClosed(Exception):
    """The channel is no more; `reason` says why, as far as this side knows it."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "closed by the other side")
        self.reason = str(self)


class Channel(Protocol):
    """One connection. One task sends and one receives."""

    async def send(self, frame: bytes) -> None:
        """Send one message; waits while there is no room. Raises ChannelClosed."""

    async def receive(self) -> bytes:
        """The next message. Raises ChannelClosed."""

    async def close(self, reason: str = "") -> None:
        """Close it; whoever waits in `send` or `receive` on either side gets ChannelClosed."""


class ImmediateChannel(Channel, Protocol):
    """A channel that can take a message without a task: the shortest road for an endpoint."""

    def send_now(self, frame: bytes) -> bool:
        """Take the message at once, or answer False and take nothing when there is no room. Raises ChannelClosed."""
