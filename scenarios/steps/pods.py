"""Actions on pods: which ones is said in the same words everywhere."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from scenarios.errors import StepError
from scenarios.kubernetes import Json, NotFound
from scenarios.model import Need
from scenarios.steps.base import Action
from scenarios.values import Duration, seconds
from scenarios.world import World

Count = Annotated[int, Meta(ge=1)]
NOT_READY = "simulator/ready"  # the annotation that the simulator's kubelet understands


class OfPods(Action):
    """An action on pods: one by name, or those of a Deployment or Service, or those that a label selector finds. With
    `count` that many of them, chosen with the run's seed; pods that end already are left out."""

    pod: str = ""
    deployment: str = ""
    service: str = ""
    selector: str = ""
    count: Count | None = None
    namespace: str = "default"

    async def chosen(self, world: World) -> list[str]:
        """Their names, sorted. StepError when there are none, or fewer than `count`."""
        if self.pod:
            return [self.pod]
        found = await pods_of(world, self.deployment, self.service, self.selector, self.namespace)
        names = sorted(pod["metadata"]["name"] for pod in found)
        wanted = self.count or max(1, len(names))
        if len(names) < wanted:
            where = self.deployment or self.service or self.selector or self.namespace
            raise StepError(f"expected at least {wanted} pods of {where!r}, found {len(names)}")
        return names if self.count is None else sorted(world.random.sample(names, self.count))


async def pods_of(
    world: World, deployment: str = "", service: str = "", selector: str = "", namespace: str = "default"
) -> list[Json]:
    """The pods of a Deployment, of a Service, of a label selector, or of the namespace, that do not end already."""
    if deployment:
        found = await world.kubernetes.get("deployment", deployment, namespace)
        selector = _selector(found["spec"]["selector"].get("matchLabels") or {}, f"deployment {deployment}")
    elif service:
        found = await world.kubernetes.get("service", service, namespace)
        selector = _selector(found["spec"].get("selector") or {}, f"service {service}")
    pods = await world.kubernetes.list("pod", namespace, selector)
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def _selector(labels: dict[str, str], owner: str) -> str:
    if not labels:
        raise StepError(f"{owner} selects no pods by labels")
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


class KillPod(OfPods):
    """Delete pods; one of those that are found, unless `count` says how many. `grace: 0s` is at once, by force."""

    grace: Duration = ""  # "" leaves the pod's own
    count: Count = 1

    async def run(self, world: World) -> str:
        names = await self.chosen(world)
        grace = int(seconds(self.grace)) if self.grace else None
        for name in names:
            await world.kubernetes.delete("pod", name, self.namespace, grace)
        return f"killed {', '.join(names)}"


class Unready(OfPods):
    """Make pods not ready; they serve on, with the same addresses. The simulator's kubelet does so for an annotation;
    another cluster's kubelet would have its own way, by the pod's probes."""

    needs: ClassVar[Need | None] = "simulator"
    ready: ClassVar[bool] = False

    async def run(self, world: World) -> str:
        names = await self.chosen(world)
        body = {"metadata": {"annotations": {NOT_READY: None if self.ready else "false"}}}
        for name in names:
            try:
                await world.kubernetes.patch("pod", name, body, self.namespace)
            except NotFound:
                if self.pod:
                    raise  # others may have ended since they were listed
        return f"{', '.join(names)} {'ready again' if self.ready else 'not ready any more'}"


class Ready(Unready):
    """Make pods ready again that `unready` made not ready."""

    ready: ClassVar[bool] = True
