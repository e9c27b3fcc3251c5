"""The channel between an agent and the Admin, on the agent's side: one binary WebSocket message a frame.

Never imported by a worker. The Admin's side is in edge/admin, on its own web server.
"""

from __future__ import annotations

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from edge.wire.channel import ChannelClosed


class WebSocketChannel:
    """A channel on an open client connection, which it owns from now on."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<WebSocketChannel {self._connection.remote_address} {self._connection.state.name.lower()}>"

    async def send(self, frame: bytes) -> None:
        try:
            await self._connection.send(frame)
        except ConnectionClosed as error:
            raise ChannelClosed(_reason(error)) from None

    async def receive(self) -> bytes:
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise ChannelClosed(_reason(error)) from None

    async def close(self, reason: str = "") -> None:
        # a close frame has room for 123 bytes of reason (RFC 6455, section 5.5)
        await self._connection.close(1000, reason.encode()[:123].decode(errors="ignore"))


def _reason(error: ConnectionClosed) -> str:
    """Who closed it and what was said."""
    if error.sent is not None and (error.rcvd is None or not error.rcvd_then_sent):
        return f"closed here: {error.sent.reason or error.sent.code}"
    if error.rcvd is not None:
        return f"closed by the Admin: {error.rcvd.reason or error.rcvd.code}"
    return "the connection broke"
