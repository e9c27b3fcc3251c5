"""A simulator without sockets, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from simulator.loops import run_virtual
from simulator.settings import Settings
from simulator.simulator import Simulator

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
Story = Callable[[Simulator, httpx.AsyncClient], Awaitable[None]]


def play(story: Story, **settings: Any) -> None:
    """Play `story` with a simulator and its administrator's client."""

    async def main() -> None:
        chosen = Settings(sockets=False, **{"seed": 1, **settings})
        async with Simulator(chosen) as simulator, simulator.connect() as api:
            await story(simulator, api)

    run_virtual(main())


async def make(api: httpx.AsyncClient, name: str, **data: str) -> str:
    """Create a config map; answers its resourceVersion."""
    made = await api.post(MAPS, json={"metadata": {"name": name}, "data": data})
    assert made.status_code == 201, made.text
    version: str = made.json()["metadata"]["resourceVersion"]
    return version


async def follow(
    api: httpx.AsyncClient, since: str, seconds: int = 5, timeout: float | None = 10
) -> list[tuple[str, str]]:
    """(type, name) of each event of config maps after `since` until the watch ends; an ERROR has its code."""
    seen = []
    query = {"watch": "1", "resourceVersion": since, "timeoutSeconds": str(seconds)}
    async with api.stream("GET", MAPS, params=query, timeout=timeout) as watch:
        assert watch.status_code == 200, await watch.aread()
        async for line in watch.aiter_lines():
            event = json.loads(line)
            body = event["object"]
            seen.append((event["type"], str(body["code"]) if event["type"] == "ERROR" else body["metadata"]["name"]))
    return seen
