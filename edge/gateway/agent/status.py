"""The status port's HTTP: small, read-only answers, one request a connection.

HTTP/1.1 (RFC 9112) as far as a probe, a scraper or curl needs it: GET and HEAD, no body, `Connection: close`. A head
of more than 8 KB, or one that takes more than 5 s, ends the connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec
import structlog

from edge.tasks import Tasks

log = structlog.get_logger("edge.gateway")

HEAD_LIMIT = 8192
WITHIN = 5.0
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Page(msgspec.Struct, frozen=True):
    """What is answered."""

    status: int
    body: bytes
    content_type: str = TEXT


Pages: TypeAlias = Mapping[str, Callable[[], Awaitable[Page]]]
"""Path → what makes its page."""


def text(status: int, line: str) -> Page:
    """One line of text."""
    return Page(status, f"{line}\n".encode())


class StatusServer:
    """Serves `pages` on a listening socket."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._tasks = Tasks()
        self._server: asyncio.Server | None = None

    async def start(self, sock: socket.socket) -> None:
        """Serve on `sock`, which belongs to this server from now on."""
        self._server = await asyncio.start_server(self._connected, sock=sock, limit=HEAD_LIMIT)

    async def close(self) -> None:
        """Accept no more, and end what is open."""
        if self._server is not None:
            self._server.close()
        await self._tasks.close()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.start(self._answer(reader, writer), "status request")

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(WITHIN):
                head = await reader.readuntil(b"\r\n\r\n")
            method, page = await self._page(head)
            writer.write(response(page, with_body=method != "HEAD"))
            async with asyncio.timeout(WITHIN):
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # gone, too slow or too long: there is nobody to answer
        finally:
            writer.close()

    async def _page(self, head: bytes) -> tuple[str, Page]:
        method, path = request_line(head)
        if not method:
            return method, text(400, "expected a request line of HTTP/1.0 or HTTP/1.1")
        if method not in ("GET", "HEAD"):
            return method, text(405, "only GET and HEAD")
        make = self._pages.get(path.partition("?")[0])
        if make is None:
            return method, text(404, "there are: " + " ".join(self._pages))
        try:
            return method, await make()
        except Exception:
            log.exception("a status page failed", path=path)
            return method, text(500, "this page failed; the gateway's log says why")


def request_line(head: bytes) -> tuple[str, str]:
    """Method and target; empty when the first line is no request line."""
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0") or not words[1].startswith("/"):
        return "", ""
    return words[0], words[1]


def response(page: Page, with_body: bool = True) -> bytes:
    """The bytes of an answer."""
    head = (
        f"HTTP/1.1 {page.status} {_REASONS[page.status]}\r\n"
        f"content-type: {page.content_type}\r\n"
        f"content-length: {len(page.body)}\r\n"
        "cache-control: no-store\r\n"
        "x-content-type-options: nosniff\r\n"
        "connection: close\r\n"
    )
    if page.status == 405:
        head += "allow: GET, HEAD\r\n"  # RFC 9110, section 15.5.6
    return head.encode() + b"\r\n" + (page.body if with_body else b"")
