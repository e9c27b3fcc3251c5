"""Plays a plan in virtual time and answers its trace and the first violation."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from random import Random

import msgspec

from edge import virtual_time
from edge.admin.kubernetes.clusters import Clusters
from edge.wire.hub import Hub
from scenarios.explore.admin import Admin
from scenarios.explore.cluster import USER, Cluster, key_of
from scenarios.explore.gateway import Gateway, Worker
from scenarios.explore.invariants import Judge, Violation
from scenarios.explore.plan import FIRST, SETTLED_WITHIN, Deed, Plan
from scenarios.explore.truth import Truth

REQUESTS_EVERY = 5.0
"""Seconds between requests where nothing happens; after every delivery there is one anyway."""
LYING_LISTS = ("empty-list", "stale-list")
LISTED = ("services", "endpointslices", "endpoints", "namespaces")


class Outcome(msgspec.Struct, frozen=True):
    """What came of a plan. `seconds` are simulated."""

    plan: Plan
    violation: Violation | None
    lines: tuple[str, ...]
    seconds: float

    @property
    def digest(self) -> str:
        """Names the trace."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


class Parts(msgspec.Struct, frozen=True):
    """What a house is made of: where a test puts a broken part."""

    clusters: Callable[..., Clusters] = Clusters
    hub: Callable[[], Hub] = Hub
    worker: Callable[..., Worker] = Worker


def play(plan: Plan, parts: Parts = Parts()) -> Outcome:  # noqa: B008  it is frozen
    """Play `plan` to its end or to the first violation."""

    async def main() -> Outcome:
        house = House(plan, parts)
        await house.run()
        return Outcome(plan, house.judge.found, tuple(house.judge.lines), asyncio.get_running_loop().time())

    return virtual_time.run(main())


class House:
    """Everything of one run."""

    def __init__(self, plan: Plan, parts: Parts) -> None:
        self._plan = plan
        self._random = Random(f"{plan.seed} house")
        self._cluster = Cluster(plan.replicas, self._random)
        self.judge = Judge()
        self._admin = Admin(self._cluster.simulator, self._random, self.judge.published, parts.clusters, parts.hub)
        self._gateways = [
            Gateway(f"gateway-{number + 1}", lambda: self._admin.hub, self._random, self.judge, parts.worker)
            for number in range(plan.gateways)
        ]
        self._lies = False  # about events
        self._lied = False  # with a list
        self._version = 0

    async def run(self) -> None:
        async with self._cluster:
            services = [key_of(number) for number in range(len(self._plan.replicas))]
            self.judge.truth = self._truth = Truth(
                self._cluster.simulator,
                services,
                lambda key, offered: self.judge.note(f"kubernetes {'/'.join(key)} {list(offered)}"),
            )
            await self._admin.set_token(await self._cluster.token())
            await self._admin.start()
            self._release(len(services))
            for gateway in self._gateways:
                gateway.start()
            try:
                await self._play()
            finally:
                for gateway in self._gateways:
                    await gateway.kill()
                await self._admin.kill()

    async def _play(self) -> None:
        for deed in self._plan.deeds:
            await self._until(deed.at)
            if self.judge.found is not None:
                return
            said = await self._do(deed)
            self.judge.note(f"{deed.name} {deed.args} {said}")
        await self._until(self._plan.calm_at)
        await self._heal()
        await self._until(self._plan.calm_at + SETTLED_WITHIN)
        if self.judge.found is None:
            self.judge.settled(self._gateways, self._admin.sources, self._version)
        await self._until(self._plan.minutes * 60)

    async def _until(self, moment: float) -> None:
        loop = asyncio.get_running_loop()
        while self.judge.found is None and (left := moment - loop.time()) > 0:
            await asyncio.sleep(min(left, REQUESTS_EVERY))
            for gateway in self._gateways:
                self.judge.ask(gateway)

    def _release(self, services: int) -> str:
        self._version += 1
        self._admin.release(services)
        return f"version {self._version}"

    async def _do(self, deed: Deed) -> str:
        cluster, args = self._cluster, deed.args
        match deed.name:
            case "scale":
                return await cluster.scale(args["service"], args["replicas"])
            case "restart":
                return await cluster.restart(args["service"])
            case "kill-pod":
                return await cluster.kill_pod(args["service"], args["grace"])
            case "unready" | "ready":
                return await cluster.ready(args["service"], deed.name == "ready")
            case "port":
                return await cluster.port(args["service"], args["port"])
            case "select":
                return await cluster.select(args["service"], args["other"])
            case "unselect":
                return await cluster.select(args["service"], args["service"])
            case "delete-service":
                return await cluster.delete_service(args["service"])
            case "create-service" | "create-namespace":
                return await cluster.create_namespace()
            case "delete-namespace":
                return await cluster.delete_namespace()
            case "reuse-addresses":
                return await cluster.reuse_addresses(args["service"], args["other"])
            case "remove-access":
                return await cluster.remove_access()
            case "restore-access":
                return await cluster.restore_access()
            case _:
                return await self._disturb(deed)

    async def _disturb(self, deed: Deed) -> str:
        simulator, args = self._cluster.simulator, deed.args
        match deed.name:
            case "stop-api-server":
                await simulator.stop_server(args["keep"])
            case "start-api-server":
                return await self._start_api_server()
            case "fault":
                return self._fault(args)
            case "clear-fault":
                simulator.faults.clear()
            case "compact":
                simulator.compact(None)
            case "roll-back":
                return await self._roll_back(args["behind"])
            case "revoke":
                try:
                    simulator.revoke("default", "edge-reader")
                except LookupError as error:
                    return str(error)
            case "rotate-token":
                await self._rotate()
            case "cut-gateway":
                await self._gateways[args["gateway"]].cut()
            case "slow-gateway":
                self._gateways[args["gateway"]].slow(args["seconds"])
            case "restart-gateway":
                await self._restart(self._gateways[args["gateway"]])
            case "restart-admin":
                await self._admin.kill()
                for gateway in self._gateways:
                    await gateway.cut()
                await self._admin.start()
            case "release":
                return self._release(args["services"])
            case other:
                raise ValueError(f"there is no deed called {other!r}")
        return "done"

    def _fault(self, wanted: dict[str, object]) -> str:
        """One list of a run may lie: a second one that confirms the first is believed, as it has to be."""
        faults = self._cluster.simulator.faults
        fault = wanted["fault"]
        assert isinstance(fault, dict)
        if fault["type"] in LYING_LISTS:
            if self._lied:
                return "one list has lied already"
            self._lied = True
        if fault["type"] == "stale-list":
            self.judge.since = 0.0
        self._lies |= fault["type"] == "drop-event"
        match = wanted.get("match") or {}
        assert isinstance(match, dict)
        return faults.add({**wanted, "match": {**match, "user": USER}})

    async def _roll_back(self, behind: int) -> str:
        self.judge.since = 0.0
        try:
            await self._cluster.simulator.roll_back(behind=behind)
        except LookupError as error:
            return str(error)
        self._truth.read()
        return "done"

    async def _start_api_server(self) -> str:
        await self._cluster.simulator.start_server()
        self._truth.read()
        return "done"

    async def _restart(self, gateway: Gateway) -> None:
        await gateway.kill()
        self.judge.restarted(gateway)
        gateway.start()

    async def _rotate(self) -> None:
        if token := await self._cluster.token():
            await self._admin.set_token(token)

    async def _heal(self) -> None:
        """Make everything good again. An event that was dropped is a lie that nobody can know of: what holds is that
        the next list mends it, so there the API says once that its history is gone."""
        simulator = self._cluster.simulator
        simulator.faults.clear()
        await self._start_api_server()
        await self._cluster.furnish()
        await self._rotate()
        for gateway in self._gateways:
            gateway.slow(0.0)
        if self._lies:
            for resource in LISTED:
                wanted = {"fault": {"type": "expired"}, "match": {"verb": "watch", "resource": resource}, "times": 1}
                self._fault(wanted)
        self.judge.note("everything is made good again")


__all__ = ["FIRST", "House", "Outcome", "Parts", "play"]
