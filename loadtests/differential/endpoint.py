"""An endpoint that records what it is sent, as an ordinary server understands it (httptools), and answers `ok`."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
import msgspec

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Message(msgspec.Struct, frozen=True, order=True):
    """One request as understood. `body` is None while it has not ended."""

    method: str
    target: str
    host: str
    body: bytes | None

    def __str__(self) -> str:
        body = "unfinished" if self.body is None else repr(self.body)[1:]
        return f"{self.method} {self.target[:60]} {self.host} {body[:60]}"


class _Reading(asyncio.Protocol):
    """One connection."""

    transport: Any

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # CONNECT, or a wish for another protocol: nothing behind it is read
            self.transport.close()
        except httptools.HttpParserError as error:
            self._recorder.messages.append(Message("?", f"not understood: {error}", "", None))
            self.transport.close()

    def on_message_begin(self) -> None:
        self._target = self._host = self._body = b""
        self._place = -1

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"host":
            self._host = value

    def on_headers_complete(self) -> None:
        self._place = len(self._recorder.messages)
        self._recorder.messages.append(self._message(None))

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        if self._place < len(self._recorder.messages):
            self._recorder.messages[self._place] = self._message(self._body)
        self.transport.write(_ANSWER)

    def _message(self, body: bytes | None) -> Message:
        method = self._parser.get_method().decode("latin-1")
        return Message(method, self._target.decode("latin-1"), self._host.decode("latin-1").lower(), body)


class Recorder:
    """Listens on a port of loopback; `messages` are those since the last `take`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        return f"<Recorder {self.port} {len(self.messages)} messages>"

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Reading(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def take(self) -> tuple[Message, ...]:
        """What came since the last time."""
        taken, self.messages = tuple(self.messages), []
        return taken

    def close(self) -> None:
        assert self._server is not None
        self._server.close()
