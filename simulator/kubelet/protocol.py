"""A pod's HTTP/1.1 connection: one asyncio protocol on httptools, no task and no ASGI.

Requests of a connection are answered in order; while one is being answered, pipelined ones wait and reading pauses.
A body that is an iterator is pumped: bytes are written while the transport takes them, a float waits that long.
A draining connection finishes what it answers, says `Connection: close` and ends.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from simulator.kubelet import routes
from simulator.kubelet.routes import Answer, Request

if TYPE_CHECKING:
    from simulator.kubelet.server import PodServer
    from simulator.kubelet.websocket import WebSocketEcho

_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
_BODILESS = (204, 304)
_WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class PodProtocol(asyncio.Protocol):
    """One connection of a pod."""

    def __init__(self, server: PodServer) -> None:
        self._server = server
        self._loop = server.loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._client = ""
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._body_size = 0
        self._waiting: deque[Request] = deque()
        self._busy: Request | None = None
        self._answer: Answer | None = None
        self._chunked = False
        self._timer: asyncio.TimerHandle | None = None
        self._write_paused = False
        self._websocket: WebSocketEcho | None = None
        self._draining = False

    # the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class
        peer = transport.get_extra_info("peername")
        self._client = f"{peer[0]}:{peer[1]}" if peer else ""
        self._server.connections[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._busy = None
        self._waiting.clear()
        self._server.lost(self)

    def data_received(self, data: bytes) -> None:
        if self._websocket is not None:
            self._websocket.receive(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgraded(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(f"{error}\n")

    def eof_received(self) -> bool:
        return self._busy is not None  # a half-closed client still gets its answer

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._answer is not None and self._timer is None:
            self._pump()

    # the parser's side

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers = []
        self._body = []
        self._body_size = 0

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
        if name.lower() == b"expect" and value.lower() == b"100-continue" and self._busy is None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size <= routes.MAX_BODY:
            self._body.append(body)

    def on_message_complete(self) -> None:
        request = Request(
            self._parser.get_method().decode("latin-1"),
            self._target.decode("latin-1"),
            self._parser.get_http_version(),
            self._headers,
            b"".join(self._body),
            self._client,
            self._parser.should_keep_alive(),
            self._parser.should_upgrade(),
            self._body_size > routes.MAX_BODY,
        )
        if self._busy is not None:
            self._waiting.append(request)
            self._transport.pause_reading()
        elif not request.upgrade:  # an upgrade's answer waits for what follows its head
            self._start(request)
        else:
            self._busy = request

    # answering

    def _start(self, request: Request) -> None:
        self._busy = request
        self._server.served += 1
        answer = routes.answer(request, self._server.pod, self._server.behaviour)
        if answer.delay > 0:
            self._timer = self._loop.call_later(answer.delay, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        self._timer = None
        request = self._busy
        if request is None or self._transport.is_closing():
            return
        if answer.close or self._draining or request.upgrade:
            request.keep_alive = False
        self._chunked = answer.length is None and request.version == "1.1"
        if answer.length is None and not self._chunked:
            request.keep_alive = False
        head = self._head(request, answer)
        if request.method == "HEAD" or answer.status in _BODILESS:
            self._transport.write(head)
            self._finish()
        elif isinstance(answer.body, bytes):
            self._transport.write(head + answer.body)
            self._finish()
        else:
            self._transport.write(head)
            self._answer = answer
            self._pump()

    def _head(self, request: Request, answer: Answer) -> bytes:
        lines = [
            f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, '')}",
            f"X-Pod: {self._server.pod}",
        ]
        if answer.status not in _BODILESS:
            lines.append(f"Content-Type: {answer.content_type}")
            if self._chunked:
                lines.append("Transfer-Encoding: chunked")
            elif answer.length is not None:
                lines.append(f"Content-Length: {answer.length}")
        if not request.keep_alive:
            lines.append("Connection: close")
        elif request.version == "1.0":
            lines.append("Connection: keep-alive")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _pump(self) -> None:
        self._timer = None
        answer = self._answer
        if answer is None or isinstance(answer.body, bytes):
            return
        while not self._write_paused:
            piece = next(answer.body, None)
            if piece is None:
                if self._chunked:
                    self._transport.write(b"0\r\n\r\n")
                self._finish()
                return
            if isinstance(piece, float):
                self._timer = self._loop.call_later(piece, self._pump)
                return
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)

    def _finish(self) -> None:
        request, self._busy, self._answer = self._busy, None, None
        if request is None or not request.keep_alive or self._draining:
            self._transport.close()
        elif self._waiting:
            self._start(self._waiting.popleft())
        else:
            self._transport.resume_reading()

    def _refuse(self, text: str) -> None:
        body = text.encode()
        head = f"HTTP/1.1 400 Bad Request\r\nX-Pod: {self._server.pod}\r\nContent-Length: {len(body)}\r\n"
        self._transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        self._transport.close()

    # WebSocket

    def _upgraded(self, rest: bytes) -> None:
        request = self._busy
        if request is None or not request.upgrade:
            return  # it waits behind another request and will be answered plainly
        key = request.header("sec-websocket-key")
        path = request.target.partition("?")[0]
        wanted = (request.header("upgrade") or "").lower() == "websocket"
        if path != "/ws" or not wanted or key is None or self._server.behaviour.status:
            self._start(request)
            return
        accept = base64.b64encode(hashlib.sha1(key.encode() + _WEBSOCKET_GUID, usedforsecurity=False).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\nX-Pod: " + self._server.pod.encode() + b"\r\n\r\n"
        )
        from simulator.kubelet.websocket import WebSocketEcho  # loaded by the first pod that needs it

        self._websocket = WebSocketEcho(self._transport)
        self._websocket.receive(rest)

    # ending

    def drain(self) -> None:
        """End now when idle, else after the answer that is being given."""
        self._draining = True
        if self._websocket is not None:
            self._websocket.close()
        elif self._busy is None:
            self._transport.close()

    def abort(self) -> None:
        """End now, whatever is being answered."""
        self._transport.abort()
