"""The Admin's JSON API as the demo uses it: requests that must succeed, and conditions awaited over its events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import httpx

from edge.demo.processes import DemoError
from edge.tasks import Tasks


class AdminClient:
    """An authenticated client of one Admin. Every event of `/api/v1/events` wakes whoever waits for a condition."""

    def __init__(self, url: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{url}/api/v1/",
            headers={"authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
            transport=transport,
        )
        self._happened = asyncio.Event()
        self._tasks = Tasks()

    async def __aenter__(self) -> AdminClient:
        self._tasks.start(self._listen(), "demo events")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._tasks.close()
        await self._client.aclose()

    async def _listen(self) -> None:
        async with self._client.stream("GET", "events", timeout=None) as response:
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    self._happened.set()

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; DemoError with the API's own message when it is not a success."""
        response = await self._client.request(method, path, json=body)
        if response.is_success:
            return response.json() if response.content else None
        try:
            message = response.json()["error"]["message"]
        except (ValueError, KeyError, TypeError):
            message = response.text[:300]
        raise DemoError(f"{method} {path} answered {response.status_code}: {message}")

    async def get(self, path: str) -> Any:
        return await self.request("GET", path)

    async def create(self, path: str, body: Any) -> Any:
        return await self.request("POST", path, body)

    async def until(
        self, what: str, read: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], within: float
    ) -> Any:
        """Read again after every event until `holds`; DemoError with what was last seen after `within` seconds."""
        seen: Any = None
        try:
            async with asyncio.timeout(within):
                while True:
                    self._happened.clear()
                    seen = await read()
                    if holds(seen):
                        return seen
                    await self._happened.wait()
        except TimeoutError:
            raise DemoError(f"expected {what} within {within:g} s, last seen: {seen}") from None
