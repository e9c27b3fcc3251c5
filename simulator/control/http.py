"""A small JSON server over HTTP/1.1 for the control API: one asyncio protocol on httptools.

It refuses before anything is routed: a Host that is not this server's (a page of some other name that resolves to
loopback), an Origin other than its own, a body that is not JSON, and, where a token is set, requests without it.
"""

from __future__ import annotations

import asyncio
import hmac
import http
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Any, cast

import httptools
import msgspec
import structlog

from simulator.tasks import Tasks

log = structlog.get_logger("simulator.control")

MAX_BODY = 1 << 20
_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}


class Refusal(Exception):
    """An error that the caller is told: `{"error": {"code", "message", "field"?}}`."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, **({"field": field} if field else {})}}


class Request(msgspec.Struct, frozen=True):
    """`path` without its query; `body` is the decoded JSON, None when there was none."""

    method: str
    path: str
    body: Any


Handler = Callable[[Request], Awaitable[tuple[int, Any]]]
"""Answers (status, JSON body or None); raises Refusal."""


class JsonServer:
    """Listens on `listen` (host, port; 0 picks one). Off loopback a token is required."""

    def __init__(self, handler: Handler, *, token: str | None = None) -> None:
        self.handler = handler
        self.token = token
        self.tasks = Tasks()
        self.address: tuple[str, int] = ("", 0)
        self.names: tuple[str, ...] = ()
        self.connections: dict[JsonProtocol, None] = {}
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self, host: str, port: int) -> None:
        """Listen. OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: JsonProtocol(self), host, port)
        bound: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        self.address = bound
        local = [host, bound[0], "localhost", "127.0.0.1", "[::1]"]
        self.names = tuple(dict.fromkeys(f"{name}:{bound[1]}" for name in local))

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.tasks.close()
        for connection in list(self.connections):
            connection.close()

    async def answer(self, head: dict[str, str], method: str, target: str, body: bytes) -> tuple[int, Any]:
        """Check and route one request."""
        try:
            self._check(head)
            decoded = _decode(head, body)
            return await self.handler(Request(method, target.partition("?")[0], decoded))
        except Refusal as refusal:
            return refusal.status, refusal.body
        except Exception as error:
            log.error("control request failed", method=method, target=target, exc_info=error)
            return 500, {"error": {"code": "internal", "message": "the simulator failed; its log says why"}}

    def _check(self, head: dict[str, str]) -> None:
        host = head.get("host", "")
        if self.token is None and host not in self.names:
            raise Refusal(403, "host", f"Host must be one of {', '.join(self.names)}, got {host!r}")
        origin = head.get("origin")
        if origin is not None and origin != f"http://{host}":
            raise Refusal(403, "origin", f"requests of another origin are refused, got {origin!r}")
        if self.token is not None:
            given = head.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
                raise Refusal(401, "unauthorized", "send the control token as Authorization: Bearer …")


def _decode(head: dict[str, str], body: bytes) -> Any:
    if not body:
        return None
    kind = head.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "media_type", f"expected Content-Type application/json, got {kind or 'none'}")
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Refusal(400, "json", f"the body is no JSON: {error}") from None


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(entry[4][0]).is_loopback for entry in found)


class JsonProtocol(asyncio.Protocol):
    """One connection: requests are answered one after the other."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._target = b""
        self._head: dict[str, str] = {}
        self._body = bytearray()
        self._last: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class
        self._server.connections[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.pop(self, None)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            body = {"error": {"code": "http", "message": f"not an HTTP/1.1 request: {error}"}}
            self._write(400, body, keep_alive=False)

    def on_message_begin(self) -> None:
        self._target = b""
        self._head = {}
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        if len(self._body) <= MAX_BODY:
            self._body += body

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode("latin-1")
        target = self._target.decode("latin-1")
        work = self._reply(self._last, method, target, self._head, bytes(self._body), self._parser.should_keep_alive())
        self._last = self._server.tasks.start(work, f"control {method} {target}")

    async def _reply(
        self,
        before: asyncio.Task[None] | None,
        method: str,
        target: str,
        head: dict[str, str],
        body: bytes,
        keep_alive: bool,
    ) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        if len(body) > MAX_BODY:
            told = {"error": {"code": "too_large", "message": f"the body is larger than {MAX_BODY} bytes"}}
            self._write(413, told, keep_alive=False)
            return
        status, answer = await self._server.answer(head, method, target, body)
        self._write(status, answer, keep_alive)

    def _write(self, status: int, answer: Any, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        body = b"" if answer is None else msgspec.json.encode(answer) + b"\n"
        lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, '')}"]
        if status != 204:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += ["Cache-Control: no-store"] if keep_alive else ["Cache-Control: no-store", "Connection: close"]
        self._transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        if not keep_alive:
            self._transport.close()
