"""Actions on Kubernetes objects."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from edge import clock
from scenarios.errors import StepError
from scenarios.model import Manifest
from scenarios.steps.base import Action
from scenarios.world import World


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


class Label(Action):
    """Set labels of one object; null takes one away."""

    kind: str
    name: str
    labels: dict[str, str | None]
    namespace: str = "default"

    async def run(self, world: World) -> str:
        await world.kubernetes.patch(self.kind, self.name, {"metadata": {"labels": self.labels}}, self.namespace)
        return f"{self.kind}/{self.name} labelled"


class Select(Action):
    """Move a Service's selector: it selects the pods with exactly these labels from now on."""

    service: str
    selector: Annotated[dict[str, str], Meta(min_length=1)]
    namespace: str = "default"

    async def run(self, world: World) -> str:
        found = await world.kubernetes.get("service", self.service, self.namespace)
        before = dict.fromkeys(found["spec"].get("selector") or {})  # a merge patch takes away what is null
        body = {"spec": {"selector": {**before, **self.selector}}}
        await world.kubernetes.patch("service", self.service, body, self.namespace)
        return f"service/{self.service} selects {', '.join(f'{k}={v}' for k, v in sorted(self.selector.items()))}"


class Patch(Action):
    """Change one object with a merge patch (RFC 7386)."""

    kind: str
    name: str
    patch: dict[str, Any]
    namespace: str = "default"
    subresource: str = ""

    async def run(self, world: World) -> str:
        part = f"/{self.subresource}" if self.subresource else ""
        await world.kubernetes.patch(self.kind, self.name, self.patch, self.namespace, part)
        return f"{self.kind}/{self.name} patched"
