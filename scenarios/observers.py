"""What is watched during a run besides what its steps ask for: it makes the report's lanes, and wakes expectations.

Kubernetes is followed by watches, the Admin by its events; gateways have no events, so they are asked every `SAMPLE`.
An observer that gets no answer tries again: being away is what scenarios are about. One that meets what it does not
understand tries again, too, and it is an error of the run (`failures`): a lane without its numbers shows nothing.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx

from edge.demo.processes import DemoError
from edge.tasks import Tasks
from scenarios.errors import StepError
from scenarios.steps.edge_seen import ready_addresses
from scenarios.targets import Control
from scenarios.timeline import Event
from scenarios.world import Slice, World

SAMPLE = 0.1
REST = 10  # an observer rests so many times as long as its look took: it must not be what the house is busy with
RETRY = 0.1
KUBERNETES, ADMIN = "endpoints in Kubernetes", "endpoints in Admin"
REQUESTS, EVENTS = "API requests", "watch events"
AWAY = "away"


class Observers:
    """The background tasks of one run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks = Tasks()
        self.failures: dict[str, str] = {}  # an observer → what it met that nobody expected
        self._last: dict[str, float | None] = {}
        self._versions: dict[tuple[str, str], str] = {}  # the newest that was seen of each object

    def start(self, namespaces: list[str], edge: bool) -> None:
        for cluster in self._world.targets:
            world = self._world.at(cluster)
            for namespace in namespaces:
                self._keep(f"pods of {cluster}/{namespace}", functools.partial(self._pods, world, namespace))
                self._keep(f"slices of {cluster}/{namespace}", functools.partial(self._slices, world, namespace))
        if edge:
            self._keep("admin", self._admin)
            self._keep("gateways", self._gateways)
        self._keep("traffic", self._traffic)

    async def stop(self) -> None:
        await self._tasks.close()
        for target in self._world.targets.values():
            if target.control is not None:
                await self._requests(target.control)

    def _keep(self, name: str, deed: Callable[[], Awaitable[None]]) -> None:
        async def again() -> None:
            while True:
                try:
                    await deed()
                except (StepError, DemoError, httpx.HTTPError, OSError):
                    pass  # away for now
                except Exception as error:  # what it could not make sense of: said in the report, once
                    self.failures.setdefault(name, f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY)

        self._tasks.start(again(), f"observe {name}")

    def _number(self, lane: str, value: float | None) -> None:
        """Note a lane's number when it changed; None: it cannot be asked."""
        if lane not in self._last or self._last[lane] != value:
            self._last[lane] = value
            self._world.timeline.note(lane, AWAY if value is None else f"{value:g}", value)

    def _event(self, cluster: str, kind: str, event: dict[str, Any]) -> None:
        """Note what happened to an object; not what a list after a broken watch shows again."""
        metadata = event["object"].get("metadata") or {}
        name, version = f"{kind}/{metadata.get('name', '')}", str(metadata.get("resourceVersion", ""))
        if self._versions.get((cluster, name)) != version or event["type"] == "ERROR":
            self._versions[cluster, name] = version
            self._world.timeline.note(EVENTS, f"{event['type']} {name}", bad=event["type"] == "ERROR")

    async def _pods(self, world: World, namespace: str) -> None:
        kubernetes = world.kubernetes
        async for event in kubernetes.watch(kubernetes.path("pod", None, namespace)):
            self._event(world.cluster, "pod", event)
            metadata = event["object"].get("metadata") or {}
            if "deletionTimestamp" in metadata or event["type"] == "DELETED":
                self._world.pods_ended.setdefault(metadata["name"], self._world.timeline.now())

    async def _slices(self, world: World, namespace: str) -> None:
        kubernetes, offered = world.kubernetes, world.offered
        first = True
        async for event in kubernetes.watch(kubernetes.path("endpointslice", None, namespace)):
            if first:
                for key in [key for key in offered if (key.cluster, key.namespace) == (world.cluster, namespace)]:
                    del offered[key]
                first = False
            self._event(world.cluster, "endpointslice", event)
            if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
                return
            metadata = event["object"]["metadata"]
            service = (metadata.get("labels") or {}).get("kubernetes.io/service-name", "")
            ready = set() if event["type"] == "DELETED" else _ready(event["object"])
            offered[Slice(world.cluster, namespace, service, metadata["name"])] = ready
            self._number(KUBERNETES, len(self._world.ready_addresses()))
            self._world.timeline.pulse()

    async def _admin(self) -> None:
        """After every pulse, which the Admin's events are among, at most every SAMPLE."""
        world = self._world
        async for _ in world.timeline.moments(None, 1.0):
            began = world.timeline.now()
            try:
                self._number(ADMIN, await self._shown())
            except (DemoError, httpx.HTTPError, OSError):
                self._number(ADMIN, None)
            await asyncio.sleep(max(SAMPLE, REST * (world.timeline.now() - began)))

    async def _shown(self) -> int:
        """How many addresses the Admin shows as ready, of all upstreams together: what the other lanes count."""
        admin, found = self._world.house.admin, set[str]()
        for application in (await admin.get("applications?limit=1000"))["items"]:
            upstreams = await admin.get(f"applications/{application['id']}/upstreams?limit=1000")
            found.update(e["address"] for view in upstreams["items"] for e in view["endpoints"] if e["ready"])
        return len(found)

    async def _gateways(self) -> None:
        house = self._world.house
        while True:
            began = self._world.timeline.now()
            for name, (_, status) in list(house.gateways.items()):
                try:
                    response = await house.status.get(status + "/-/snapshot")
                    self._number(f"endpoints in {name}", len(ready_addresses(response.json())))
                except (httpx.HTTPError, ValueError):
                    self._number(f"endpoints in {name}", None)
            await asyncio.sleep(max(SAMPLE, REST * (self._world.timeline.now() - began)))

    async def _traffic(self) -> None:
        """Wake expectations on traffic."""
        while True:
            await asyncio.sleep(SAMPLE)
            self._world.timeline.pulse()

    async def _requests(self, control: Control) -> None:
        """A simulator's list of requests by Edge, read once at the end."""
        try:
            items = (await control.send("GET", "requests"))["items"]
        except (StepError, httpx.HTTPError, OSError):
            return
        timeline = self._world.timeline
        for item in items:
            if "edge-reader" in item["user"] or item.get("status") == 401:
                at = datetime.fromisoformat(item["at"]).timestamp() - timeline.began
                text = f"{item['verb']} {item['path']} {item.get('status', 0)} {item.get('fault', '')}".rstrip()
                bad = item.get("status", 0) >= 400
                timeline.events.append(Event(at, REQUESTS, text, None, item.get("seconds", 0.0), bad))


def _ready(slice: dict[str, Any]) -> set[str]:
    """The addresses that a slice offers as ready; `ready` that is missing or null counts as true."""
    found: set[str] = set()
    for endpoint in slice.get("endpoints") or []:
        if (endpoint.get("conditions") or {}).get("ready") is not False:
            found.update(endpoint["addresses"])
    return found
