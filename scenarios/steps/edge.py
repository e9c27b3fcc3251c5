"""Actions through Edge's own API."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, ValidationError, convert

from scenarios.errors import StepError
from scenarios.model import KubernetesGiven
from scenarios.steps.base import Action
from scenarios.values import Duration, seconds
from scenarios.world import World

Json = dict[str, Any]


class Release(Action):
    """Release what is pending; done when every gateway that is online has it, or at once with `wait: false`."""

    application: str = ""
    comment: str = ""
    wait: bool = True
    within: Duration = "30s"

    async def run(self, world: World) -> str:
        within = seconds(self.within) if self.wait else None
        version = await world.house.release(self.application, self.comment, within)
        return f"version {version} {'is on every gateway that is online' if self.wait else 'released'}"


class Rollback(Action):
    """Release again what an older version was."""

    version: Annotated[int, Meta(ge=1)]
    application: str = ""
    discard: bool = False
    wait: bool = True
    within: Duration = "30s"

    async def run(self, world: World) -> str:
        path = await world.house.application(self.application)
        query = "?discard=true" if self.discard else ""
        made = await world.house.admin.create(f"{path}/releases/{self.version}/rollback{query}", {})
        if self.wait:
            await world.house.synced(path, made["version"], seconds(self.within))
        return f"version {made['version']} is version {self.version} again"


class Discard(Action):
    """Drop every pending change of an application."""

    application: str = ""

    async def run(self, world: World) -> str:
        path = await world.house.application(self.application)
        await world.house.admin.request("DELETE", f"{path}/changes")
        return "pending changes discarded"


class Edit(Action):
    """Change an upstream or a page rule (a merge patch of what the Admin's API shows), or make it when there is none of
    that name. Proxy actions name their upstream, `kubernetes` its cluster. Nothing is served before a `release`."""

    set: Json
    upstream: str = ""
    rule: str = ""
    application: str = ""

    async def run(self, world: World) -> str:
        if bool(self.upstream) == bool(self.rule):
            raise StepError("expected either `upstream` or `rule`")
        application = await world.house.application(self.application)
        name, collection = (self.upstream, "upstreams") if self.upstream else (self.rule, "rules")
        path, body = f"{application}/{collection}", {"name": name, **await self._resolved(world, application)}
        items = (await world.house.admin.get(f"{path}?limit=1000"))["items"]
        found = next((item for item in items if item["name"] == name), None)
        if found is None:
            await world.house.admin.create(path, body)
            return f"{name} made"
        await world.house.admin.request("PATCH", f"{path}/{found['id']}", body)
        return f"{name} changed"

    async def _resolved(self, world: World, application: str) -> Json:
        body = dict(self.set)
        if "actions" in body:
            body["actions"] = [await world.house.resolve(application, action) for action in body["actions"]]
        if "kubernetes" in body and body["kubernetes"] is not None:
            given = body["kubernetes"] if isinstance(body["kubernetes"], list) else [body["kubernetes"]]
            body["kubernetes"] = [self._source(world, one) for one in given]
        return body

    def _source(self, world: World, given: Json) -> Json:
        try:
            source = convert(given, KubernetesGiven)
        except ValidationError as error:
            raise StepError(f"set.kubernetes: {error}") from None
        world.services[source.cluster, source.namespace, source.service] = None
        return world.house.kubernetes(source)


class Register(Action):
    """Register the cluster that the step acts on with Edge, with the token of Edge's own service account."""

    kubernetes_cluster: str
    read_timeout: Annotated[float, Meta(gt=0, le=300)] = 10.0

    async def run(self, world: World) -> str:
        address = await world.target.address()
        await world.house.register(self.kubernetes_cluster, address, self.read_timeout)
        return f"{self.kubernetes_cluster} registered"
