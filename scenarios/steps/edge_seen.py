"""Expectations on what Edge shows and serves."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import UNSET, UnsetType

from scenarios.errors import StepError
from scenarios.steps.base import Expectation, Seen
from scenarios.values import Number, Part, compares
from scenarios.world import Service, World

Json = dict[str, Any]
ClusterState = Literal["connecting", "connected", "unauthorized", "forbidden", "unreachable", "tls_error", "failing"]


class Endpoints(Part):
    """Of an upstream's endpoints. `stale`: whether they are only the last known ones."""

    count: Number | UnsetType = UNSET
    ready: Number | UnsetType = UNSET
    terminating: Number | UnsetType = UNSET
    stale: bool | UnsetType = UNSET
    addresses: list[str] | UnsetType = UNSET
    as_kubernetes: bool | UnsetType = UNSET  # the ready addresses are those that Kubernetes offers now


class UpstreamSeen(Expectation):
    """The endpoints of an upstream, as the Admin shows them."""

    subject: ClassVar[str] = "upstream"

    upstream: str
    endpoints: Endpoints

    async def look(self, world: World) -> Seen:
        view = await world.house.upstream(self.upstream)
        items, wanted = view["endpoints"], self.endpoints
        ready = [item for item in items if item["ready"]]
        terminating = sum(item["terminating"] for item in items)
        stale = view["stale_since"] is not None
        addresses = sorted({item["address"] for item in ready})
        holds = (
            _is(wanted.count, len(items))
            and _is(wanted.ready, len(ready))
            and _is(wanted.terminating, terminating)
            and wanted.stale in (UNSET, stale)
            and (wanted.addresses is UNSET or sorted(wanted.addresses) == addresses)
            and wanted.as_kubernetes in (UNSET, set(addresses) == world.ready_addresses(_services(view, world)))
        )
        observed = f"{len(items)} endpoints, {len(ready)} ready, {terminating} terminating"
        observed += f"{', stale' if stale else ''}: {', '.join(addresses)}"
        return Seen(holds, observed)


def _services(view: Json, world: World) -> list[Service]:
    """The services of an upstream as the Admin shows it."""
    sources = view["kubernetes"] or []
    return [_service(source, world) for source in (sources if isinstance(sources, list) else [sources])]


def _service(source: Json, world: World) -> Service:
    return world.house.clusters.get(source["cluster"], ""), source["namespace"], source["service"]


def _is(wanted: Number | UnsetType, seen: float) -> bool:
    return isinstance(wanted, UnsetType) or compares(wanted, seen)


class ClusterSeen(Expectation):
    """A Kubernetes cluster's state, as the Admin shows it."""

    subject: ClassVar[str] = "kubernetes_cluster"

    kubernetes_cluster: str
    state: ClusterState | list[ClusterState]
    message: str = ""  # a part of what the Admin says about it

    async def look(self, world: World) -> Seen:
        status = (await world.house.find("kubernetes-clusters", self.kubernetes_cluster))["status"]
        wanted = self.state if isinstance(self.state, list) else [self.state]
        holds = status["state"] in wanted and self.message in (status["message"] or "")
        return Seen(holds, f"{status['state']} {status['message'] or ''}".rstrip())


class ReleaseSeen(Expectation):
    """How far a release is, per gateway: applied, waiting, behind, refused or offline."""

    subject: ClassVar[str] = "release"

    release: int | Literal["latest"]
    application: str = ""
    complete: bool | UnsetType = UNSET
    applied: Number | UnsetType = UNSET
    servers: dict[str, Literal["applied", "waiting", "behind", "refused", "offline"]] | UnsetType = UNSET

    async def look(self, world: World) -> Seen:
        path = await world.house.application(self.application)
        sync = (await world.house.admin.get(f"{path}/releases/{await self._version(world, path)}"))["sync"]
        states = {server["name"]: server["state"] for server in sync["servers"]}
        holds = self.complete in (UNSET, sync["complete"]) and _is(self.applied, sync["applied"])
        if not isinstance(self.servers, UnsetType):
            holds = holds and all(states.get(name) == state for name, state in self.servers.items())
        shown = ", ".join(f"{name} {state}" for name, state in sorted(states.items()))
        return Seen(holds, f"{'complete' if sync['complete'] else 'not complete'}: {shown or 'no gateway'}")

    async def _version(self, world: World, path: str) -> int:
        if isinstance(self.release, int):
            return self.release
        items = (await world.house.admin.get(f"{path}/releases?limit=1000"))["items"]
        if not items:
            raise StepError("nothing was released yet")
        return max(int(item["version"]) for item in items)


class GatewaySeen(Expectation):
    """What a gateway serves (`/-/snapshot` of its status port); `gateway: every` is all of them."""

    subject: ClassVar[str] = "gateway"

    gateway: str
    endpoints: Number | UnsetType = UNSET  # ready ones, of all services together
    as_kubernetes: bool | UnsetType = UNSET
    version: Number | UnsetType = UNSET  # of the application
    application: str = ""
    origin: Literal["admin", "disk"] | UnsetType = UNSET

    async def look(self, world: World) -> Seen:
        gateways = world.house.gateways
        if self.gateway != "every" and self.gateway not in gateways:
            raise StepError(f"expected one of {', '.join(gateways)} or every, got {self.gateway!r}")
        holds, shown = True, []
        for name in gateways if self.gateway == "every" else [self.gateway]:
            response = await world.house.status.get(gateways[name][1] + "/-/snapshot")
            response.raise_for_status()
            seen = self._one(response.json(), world)
            holds = holds and seen.holds
            shown.append(f"{name}: {seen.observed}")
        return Seen(holds, "; ".join(shown))

    def _one(self, snapshot: Json, world: World) -> Seen:
        addresses = ready_addresses(snapshot)
        wanted = self.application or world.house.given.applications[0].name
        version = next((item["version"] for item in snapshot["applications"] if item["name"] == wanted), 0)
        holds = (
            _is(self.endpoints, len(addresses))
            and _is(self.version, version)
            and self.origin in (UNSET, snapshot["origin"])
            and self.as_kubernetes in (UNSET, as_kubernetes(snapshot, world))
        )
        shown = ", ".join(sorted(addresses))
        return Seen(holds, f"version {version} from {snapshot['origin']}, {len(addresses)} endpoints {shown}".rstrip())


def as_kubernetes(snapshot: Json, world: World) -> bool:
    """Whether a gateway has for every service (all its ports together) what Kubernetes offers of that very one, and all
    services."""
    served: dict[Service, set[str]] = {}
    for source in snapshot["sources"]:
        served.setdefault(_service(source, world), set()).update(_ready(source))
    return ready_addresses(snapshot) == world.ready_addresses() and all(
        addresses == world.ready_addresses([service]) for service, addresses in served.items()
    )


def ready_addresses(snapshot: Json) -> set[str]:
    """The addresses that a gateway's snapshot holds as ready."""
    return {address for source in snapshot["sources"] for address in _ready(source)}


def _ready(source: Json) -> set[str]:
    return {endpoint["address"] for endpoint in source["endpoints"] if endpoint.get("ready", True)}
