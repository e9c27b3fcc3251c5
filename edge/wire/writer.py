"""The sending half of a channel's end: asks for the next frame when there is room, not before.

What is due is kept by its owner as *names* (this source, that document) and turned into bytes only when it can be
sent: so nothing old is ever queued behind a slow peer, and what changed twice meanwhile is sent once, as it is now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge.wire.channel import Channel, ChannelClosed


class Writer:
    """Sends what `next_frame` answers until it answers None. `wake` after anything became due; `run` is its task."""

    def __init__(self, channel: Channel, next_frame: Callable[[], bytes | None]) -> None:
        self._channel = channel
        self._next = next_frame
        self._now: Callable[[bytes], bool] | None = getattr(channel, "send_now", None)
        self._due = asyncio.Event()
        self._held: bytes | None = None
        self._busy = False

    def wake(self) -> None:
        """Send at once what the channel takes at once; the task does the rest. Never raises, never waits."""
        if self._busy:
            return
        if self._now is not None and not self._send_at_once(self._now):
            return
        self._busy = True
        self._due.set()

    def _send_at_once(self, send_now: Callable[[bytes], bool]) -> bool:
        """True when something is left to send."""
        try:
            while (frame := self._next()) is not None:
                if not send_now(frame):
                    self._held = frame
                    return True
        except ChannelClosed:
            pass  # whoever reads the channel learns why
        return False

    async def run(self) -> None:
        """Until the channel closes."""
        try:
            while True:
                await self._due.wait()
                self._due.clear()
                frame = self._held if self._held is not None else self._next()
                self._held = None
                while frame is not None:
                    await self._channel.send(frame)
                    frame = self._next()
                self._busy = False
        except ChannelClosed:
            pass
