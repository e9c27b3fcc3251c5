"""A record of every HTTP exchange that passes through an ASGI application, whatever answers it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from simulator.api.exchange import Receive, Scope, Send
from tests.conformance import normal, watches

OWN_AGENT = "conformance-stage"
"""What the stage itself asks is no part of a command."""
Answering = Callable[[Scope, Receive, Send], Awaitable[None]]


class Exchange(msgspec.Struct):
    """One request and the bytes of its answer, as they passed between the application and its server."""

    method: str
    path: str
    status: int = 0
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""

    def as_recorded(self, familiar: Callable[[str], str]) -> dict[str, Any]:
        """In the form of `recorded.json`; the shape itself instead of its number.

        `familiar` turns what a cluster calls something into what the recorded cluster called it.
        """
        content_type = self.headers.get("content-type", "")
        kept: dict[str, Any] = {
            "asked": f"{self.method} {normal.path(familiar(self.path))}",
            "answered": f"{self.status} {content_type}",
        }
        body = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        if "json" in content_type or content_type.startswith("text/"):  # what is binary has its lengths in it
            body = familiar(body.decode()).encode()
        if "watch=true" in self.path and self.status == 200:
            return {**kept, "lives": watches.lives([json.loads(line) for line in body.splitlines()])}
        if not body or "apidiscovery" in content_type or self.path.startswith("/openapi/"):
            return kept
        return {**kept, "shape": normal.body(content_type, body)}


Tell = Callable[[Exchange], None]


def tell_nobody(exchange: Exchange) -> None:
    """Until somebody listens."""


async def told(tell: Tell, answering: Answering, scope: Scope, receive: Receive, send: Send) -> None:
    """Let the application answer, and tell of the exchange when it begins; it grows while the answer comes."""
    headers = {key.decode().lower(): value.decode() for key, value in scope["headers"]}
    query = scope["query_string"].decode()
    path = scope["raw_path"].decode().partition("?")[0]
    exchange = Exchange(scope["method"], f"{path}?{query}" if query else path)
    if headers.get("user-agent") != OWN_AGENT:
        tell(exchange)

    async def keep(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            exchange.headers = {key.decode(): value.decode() for key, value in message["headers"]}
        else:
            exchange.body += message.get("body", b"")
        await send(message)

    await answering(scope, receive, keep)
