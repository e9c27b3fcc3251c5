"""The API server without a socket: requests in, answers out, streams read piece by piece."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

from simulator import clock
from simulator.access.authentication import ADMIN
from simulator.access.bootstrap import bootstrap_roles
from simulator.api.application import Application
from simulator.api.backend import Backend
from simulator.kinds.table import RESOURCES
from simulator.store.store import Store

TOKEN = "the-administrator"
JSON = {"content-type": "application/json"}


class Reply:
    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def json(self) -> Any:
        return json.loads(self.body)

    async def lines(self, count: int) -> list[Any]:
        """The next lines of a stream, decoded."""
        text = b""
        while text.count(b"\n") < count:
            piece = await asyncio.wait_for(self.pieces.get(), 5)
            if piece is None:
                break
            text += piece
        return [json.loads(line) for line in text.splitlines()]


class Api:
    """A server with the usual namespaces, its administrator, and what tests do with them."""

    def __init__(self, seed: int = 1) -> None:
        self.store = Store(clock, random.Random(seed))
        self.backend = Backend.of(self.store, clock, random.Random(seed))
        self.application = Application(self.backend)
        bootstrap_roles(self.store)
        for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
            self.store.create(RESOURCES.of("v1", "Namespace"), {"metadata": {"name": name}})
        self.backend.authenticator.add_static(TOKEN, ADMIN)

    async def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, token: str | None = TOKEN
    ) -> Reply:
        reply, task = self.open(method, path, body, headers, token)
        await task
        return reply

    def open(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, token: str | None = TOKEN
    ) -> tuple[Reply, asyncio.Task[None]]:
        """Begin a request; cancel the task to leave."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {**(JSON if body is not None else {}), **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(key.encode(), value.encode()) for key, value in sent.items()],
        }
        reply, given, gone = Reply(), False, asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": raw, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                reply.status = message["status"]
                reply.headers = [(key.decode(), value.decode()) for key, value in message["headers"]]
                return
            reply.body += message["body"]
            reply.pieces.put_nowait(message["body"] if message["body"] else None)

        return reply, asyncio.get_running_loop().create_task(self.application(scope, receive, send))
