"""The endpoint of uploads: `python -m loadtests.peers.sink PORT` reads every body to its end, then answers.

A server that answers before it has read the body would not do: proxies differ in what an early answer costs them.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + b"x" * 100


class Sink(asyncio.Protocol):
    """Bodies by Content-Length or in chunks, which are looked at only for their end."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._tail: bytes | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._tail is not None:
            self._read_chunks(data)
        elif self._left:
            self._left -= len(data)
            self._answer_if_whole()
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n") + 4
            if end >= 4:
                self._begin(self._head[:end].lower(), self._head[end:])

    def _begin(self, head: bytes, rest: bytes) -> None:
        self._head = b""
        _, found, value = head.partition(b"\r\ncontent-length:")
        if found:
            self._left = int(value.partition(b"\r\n")[0]) - len(rest)
            self._answer_if_whole()
        elif b"\r\ntransfer-encoding:" not in head:
            self._tell(head)
        else:
            self._tail = b""
            self._read_chunks(rest)

    def _read_chunks(self, data: bytes) -> None:
        self._tail = ((self._tail or b"") + data)[-7:]
        if self._tail.endswith(b"\r\n0\r\n\r\n") or self._tail == b"0\r\n\r\n":
            self._tail = None
            self._transport.write(ANSWER)

    def _tell(self, head: bytes) -> None:
        """A request without a body is told what it was: so it shows whether a proxy adds what it should."""
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(head), head))
        if b"\r\nconnection: close\r\n" in head:
            self._transport.close()

    def _answer_if_whole(self) -> None:
        if self._left <= 0:
            self._left = 0
            self._transport.write(ANSWER)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
