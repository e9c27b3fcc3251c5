"""The Admin's JSON API as the demo uses it: requests that must succeed, and conditions awaited over its events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import httpx

from edge.demo.processes import DemoError
from edge.tasks import Tasks

RETRY = 0.1  # seconds until the events of an Admin that is away are asked for again


class AdminClient:
    """An authenticated client of one Admin. Every event of `/api/v1/events` wakes whoever waits for a condition, and
    calls `happened`; when the Admin is away, its events are asked for again until it is back."""

    def __init__(
        self,
        url: str,
        token: str,
        transport: httpx.AsyncBaseTransport | None = None,
        happened: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{url}/api/v1/",
            headers={"authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
            transport=transport,
        )
        self._happened = asyncio.Event()
        self._also = happened
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
        while True:
            try:
                await self._follow()
            except httpx.HTTPError:
                pass  # killed, or not there yet: whoever waits is told by its own request or by its deadline
            await asyncio.sleep(RETRY)

    async def _follow(self) -> None:
        async with self._client.stream("GET", "events", timeout=None) as response:
            self._tell()
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    self._tell()

    def _tell(self) -> None:
        self._happened.set()
        self._also()

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
