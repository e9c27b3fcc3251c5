"""Actions on Kubernetes objects."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from edge import clock
from scenarios.errors import StepError
from scenarios.model import Manifest
from scenarios.steps.base import Action
from scenarios.values import Duration, seconds
from scenarios.world import World

Count = Annotated[int, Meta(ge=1)]


class Apply(Action):
    """Apply manifests: paths beside the file, built-in names, or objects written in place."""

    manifests: list[Manifest]

    async def run(self, world: World) -> str:
        said = []
        for manifest in self.manifests:
            for document in await world.documents(manifest):
                await world.kubernetes.apply(document)
                said.append(f"{document['kind'].lower()}/{document['metadata']['name']} applied")
        return "\n".join(said)


class Delete(Action):
    """Delete one object."""

    kind: str
    name: str
    namespace: str = "default"

    async def run(self, world: World) -> str:
        await world.kubernetes.delete(self.kind, self.name, self.namespace)
        return f"{self.kind}/{self.name} deleted"


class Scale(Action):
    """Change a Deployment's replicas."""

    deployment: str
    replicas: Annotated[int, Meta(ge=0)]
    namespace: str = "default"

    async def run(self, world: World) -> str:
        body = {"spec": {"replicas": self.replicas}}
        await world.kubernetes.patch("deployment", self.deployment, body, self.namespace, "/scale")
        return f"deployment/{self.deployment} scaled to {self.replicas}"


class SetImage(Action):
    """Change the image of a Deployment's containers, which rolls out new pods."""

    deployment: str
    image: str
    container: str = ""  # none named: every container
    namespace: str = "default"

    async def run(self, world: World) -> str:
        deployment = await world.kubernetes.get("deployment", self.deployment, self.namespace)
        containers: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
        chosen = [item for item in containers if self.container in ("", item["name"])]
        if not chosen:
            names = ", ".join(item["name"] for item in containers)
            raise StepError(f"deployment {self.deployment} has no container {self.container!r}, but {names}")
        for item in chosen:
            item["image"] = self.image
        body = {"spec": {"template": {"spec": {"containers": containers}}}}
        await world.kubernetes.patch("deployment", self.deployment, body, self.namespace)
        return f"deployment/{self.deployment} rolls out {self.image}"


class Restart(Action):
    """Replace every pod of a Deployment, as `kubectl rollout restart` does."""

    deployment: str
    namespace: str = "default"

    async def run(self, world: World) -> str:
        annotations = {"kubectl.kubernetes.io/restartedAt": clock.rfc3339(clock.now())}
        body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        await world.kubernetes.patch("deployment", self.deployment, body, self.namespace)
        return f"deployment/{self.deployment} restarted"


class KillPod(Action):
    """Delete pods: one by name, or `count` of those that `selector` finds, chosen with the run's seed."""

    pod: str = ""
    selector: str = ""
    count: Count = 1
    grace: Duration = ""  # "" leaves the pod's own
    namespace: str = "default"

    async def run(self, world: World) -> str:
        names = [self.pod] if self.pod else await self._chosen(world)
        grace = int(seconds(self.grace)) if self.grace else None
        for name in names:
            await world.kubernetes.delete("pod", name, self.namespace, grace)
        return f"killed {', '.join(names)}"

    async def _chosen(self, world: World) -> list[str]:
        pods = await world.kubernetes.list("pod", self.namespace, self.selector)
        names = sorted(p["metadata"]["name"] for p in pods if "deletionTimestamp" not in p["metadata"])
        if len(names) < self.count:
            raise StepError(f"expected at least {self.count} pods with {self.selector!r}, found {len(names)}")
        return world.random.sample(names, self.count)


class Label(Action):
    """Set labels of one object; null takes one away."""

    kind: str
    name: str
    labels: dict[str, str | None]
    namespace: str = "default"

    async def run(self, world: World) -> str:
        await world.kubernetes.patch(self.kind, self.name, {"metadata": {"labels": self.labels}}, self.namespace)
        return f"{self.kind}/{self.name} labelled"


class Patch(Action):
    """Change one object with a merge patch (RFC 7386): a Service's selector, a Node's `spec.unschedulable`."""

    kind: str
    name: str
    patch: dict[str, Any]
    namespace: str = "default"
    subresource: str = ""

    async def run(self, world: World) -> str:
        part = f"/{self.subresource}" if self.subresource else ""
        await world.kubernetes.patch(self.kind, self.name, self.patch, self.namespace, part)
        return f"{self.kind}/{self.name} patched"
