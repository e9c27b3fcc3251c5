"""Where gateway servers connect: a WebSocket that carries the push protocol once the server is let in.

The handshake's headers say who comes: `Authorization: Bearer CREDENTIAL` (made by the gateway before it first joins),
`Edge-Gateway-Name`, `Edge-Gateway-Version`, `Edge-Gateway-Address`, and while it has not joined `Edge-Join-Token`. A
refusal is an ordinary HTTP answer with the API's error body, which the gateway shows its operator. The gateway servers
service decides; here is only the transport.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from edge.admin.access.bearer import bearer
from edge.admin.errors import BadRequest, Invalid
from edge.admin.metrics import Metrics
from edge.wire.channel import ChannelClosed

if TYPE_CHECKING:
    from edge.admin.admin import Admin

PATH = "/gateway/v1/connect"
MAX_MESSAGE = (
    4 * 1024 * 1024
)  # bytes; the largest is the report of a gateway that serves some ten thousand applications
_LONGEST_HEADER = 512
_UNSUPPORTED = 1003  # RFC 6455, section 7.4.1


class ServerChannel:
    """An `edge.wire.channel.ImmediateChannel` on an accepted WebSocket: one binary message a frame."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._closed: str | None = None

    def __repr__(self) -> str:
        return f"<ServerChannel {self._websocket.client} {self._closed or 'open'}>"

    async def send(self, frame: bytes) -> None:
        """Send one message; waits while the transport's buffer is full."""
        self._check()
        try:
            await self._websocket.send_bytes(frame)
        except (WebSocketDisconnect, WebSocketDisconnected, OSError, RuntimeError) as error:
            raise self._lost(error) from None

    def send_now(self, frame: bytes) -> bool:
        """Send one message without a task, or answer False and send nothing when there is no room.

        ASGI has no such call, but a send that has room ends in its first step, and one that has none waits before it
        takes anything (uvicorn 0.54, WebSocketsSansIOProtocol.send): then it is given up and can be made again."""
        self._check()
        sending = self._websocket.send_bytes(frame)
        try:
            sending.send(None)
        except StopIteration:
            return True
        except (WebSocketDisconnect, WebSocketDisconnected, OSError, RuntimeError) as error:
            raise self._lost(error) from None
        sending.close()
        return False

    async def receive(self) -> bytes:
        """The next message. A text message ends the channel: the protocol has none."""
        self._check()
        try:
            message = await self._websocket.receive()
        except (WebSocketDisconnected, RuntimeError) as error:
            raise self._lost(error) from None
        if message["type"] == "websocket.disconnect":
            raise self._lost(WebSocketDisconnect(message.get("code", 1006), message.get("reason")))
        content: bytes | None = message.get("bytes")
        if content is None:
            await self._close(_UNSUPPORTED, "expected a binary message, but got text")
            raise ChannelClosed(self._closed or "")
        return content

    async def close(self, reason: str = "") -> None:
        """Close it; closing it again does nothing."""
        await self._close(1000, reason)

    async def _close(self, code: int, reason: str) -> None:
        if self._closed is not None:
            return
        self._closed = reason or "closed here"
        try:
            # a close frame has room for 123 bytes of reason (RFC 6455, section 5.5)
            await self._websocket.close(code, reason.encode()[:123].decode(errors="ignore"))
        except (WebSocketDisconnect, WebSocketDisconnected, OSError, RuntimeError):
            pass

    def _check(self) -> None:
        if self._closed is not None:
            raise ChannelClosed(self._closed)

    def _lost(self, error: Exception) -> ChannelClosed:
        if self._closed is None:
            self._closed = "connection lost"
            if isinstance(error, WebSocketDisconnect):
                self._closed = f"{error.reason or 'closed by the gateway'} ({error.code})"
        return ChannelClosed(self._closed)


def routes(admin: Admin, metrics: Metrics) -> list[BaseRoute]:
    """The WebSocket, and an answer for those who ask for it without being one."""
    return [
        WebSocketRoute(PATH, gateway_endpoint(admin, metrics)),
        Route(PATH, not_a_websocket, methods=["GET"]),
    ]


def gateway_endpoint(admin: Admin, metrics: Metrics) -> Callable[[WebSocket], Awaitable[None]]:
    """The endpoint: lets the gateway in or raises the AdminError that becomes the refusal, then hands it to the hub."""

    async def endpoint(websocket: WebSocket) -> None:
        headers = websocket.headers
        admission = await admin.gateway_servers.admit(
            credential=bearer(headers),
            join_token=_header(headers, "edge-join-token") or None,
            name=_header(headers, "edge-gateway-name"),
            version=_header(headers, "edge-gateway-version"),
            address=reached_at(
                _header(headers, "edge-gateway-address"), websocket.client[0] if websocket.client else ""
            ),
        )
        await websocket.accept()
        channel = ServerChannel(websocket)
        metrics.gateways.inc()
        try:
            await admin.gateway_servers.serve(admission, channel)
        finally:
            metrics.gateways.dec()
            await channel.close()

    return endpoint


async def not_a_websocket(request: Request) -> Response:
    raise BadRequest("gateways connect here with a WebSocket; see `edge gateway --help`")


def _header(headers: Headers, name: str) -> str:
    values = headers.getlist(name)
    text = values[0].strip() if values else ""
    if len(values) > 1 or len(text) > _LONGEST_HEADER or not (text.isascii() and text.isprintable()):
        raise Invalid(f"expected one header {name} of at most {_LONGEST_HEADER} printable characters")
    return text


def reached_at(said: str, peer: str) -> str:
    """host:port under which users reach the gateway, of what it says: HOST:PORT, HOST, :PORT or PORT. For no host or
    an unspecified address it is the gateway's own side of this connection, `peer`."""
    host, port = _split(said)
    try:
        unspecified = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        unspecified = not host
    shown = peer if unspecified else host
    if ":" in shown:
        shown = f"[{shown}]"
    return f"{shown}:{port}" if port else shown


def _split(said: str) -> tuple[str, str]:
    if said.isdigit():
        host, port = "", said
    elif said.startswith("["):
        host, _, rest = said[1:].partition("]")
        port = rest.removeprefix(":")
    elif said.count(":") > 1:
        host, port = said, ""
    else:
        host, _, port = said.partition(":")
    if port and not (port.isdigit() and 0 < int(port[:6]) < 65536):
        raise Invalid(f"Edge-Gateway-Address is HOST:PORT, but the port of {said[:100]!r} is not one")
    return host, port
