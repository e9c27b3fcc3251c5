"""Actions on nodes, as `kubectl cordon`, `uncordon` and `drain` do them."""

from __future__ import annotations

import asyncio
import functools
from urllib.parse import quote

from scenarios.errors import StepError
from scenarios.kubernetes import Json, NotFound
from scenarios.steps.base import Action
from scenarios.steps.pods import pods_of
from scenarios.values import Duration, seconds
from scenarios.world import World

MIRROR = "kubernetes.io/config.mirror"  # a static pod of the node's own; the API server cannot end it
AGAIN = 0.25  # seconds until a refused eviction is tried again


class OfNode(Action):
    """An action on a node: by name, or the one that a pod of a Deployment is on, chosen with the run's seed."""

    node: str = ""
    deployment: str = ""
    namespace: str = "default"

    async def chosen(self, world: World) -> str:
        if self.node:
            return self.node
        if not self.deployment:
            raise StepError("expected `node`, or a `deployment` one of whose pods is on it")
        pods = await pods_of(world, deployment=self.deployment, namespace=self.namespace)
        nodes = sorted({str(pod["spec"]["nodeName"]) for pod in pods if pod["spec"].get("nodeName")})
        if not nodes:
            raise StepError(f"no pod of deployment {self.deployment} is on a node")
        return world.random.choice(nodes)


class Cordon(OfNode):
    """Let a node take no more pods; those that it has stay."""

    async def run(self, world: World) -> str:
        return f"node/{await cordon(world, await self.chosen(world))} takes no more pods"


class Uncordon(Action):
    """Let a node take pods again; without `node` every one that this run cordoned or drained."""

    node: str = ""

    async def run(self, world: World) -> str:
        names = [self.node] if self.node else list(world.cordoned)
        for name in names:
            await uncordon(world, name)
        return f"{', '.join(f'node/{name}' for name in names) or 'no node'} takes pods again"


class Drain(OfNode):
    """Cordon a node and evict its pods through the eviction API, which respects PodDisruptionBudgets; done when they
    are gone. Pods of DaemonSets stay, and so do a node's own static pods."""

    within: Duration = "60s"
    grace: Duration = ""  # "" leaves the pods' own

    async def run(self, world: World) -> str:
        name = await cordon(world, await self.chosen(world))
        until = world.timeline.now() + seconds(self.within)
        pods = [pod for pod in await _pods_on(world, name) if _leaves(pod)]
        await asyncio.gather(*(self._evict(world, pod["metadata"], until) for pod in pods))
        await _gone(world, [pod["metadata"] for pod in pods], until, self.within)
        return f"node/{name} drained of {len(pods)} pods"

    async def _evict(self, world: World, pod: Json, until: float) -> None:
        path = world.kubernetes.path("pod", pod["name"], pod["namespace"]) + "/eviction"
        named = {"name": pod["name"], "namespace": pod["namespace"]}
        body: Json = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": named}
        if self.grace:
            body["deleteOptions"] = {"gracePeriodSeconds": int(seconds(self.grace))}
        while True:
            try:
                await world.kubernetes.request("POST", path, body)
            except NotFound:
                pass
            except StepError as error:
                if " answered 429" not in str(error) or world.timeline.now() >= until:
                    raise
                await asyncio.sleep(AGAIN)  # a PodDisruptionBudget does not allow it yet
                continue
            return


async def cordon(world: World, node: str) -> str:
    await world.kubernetes.patch("node", node, {"spec": {"unschedulable": True}})
    world.cordoned[node] = None
    world.kubernetes.put_back[f"node/{node}"] = functools.partial(uncordon, world, node)
    return node


async def uncordon(world: World, node: str) -> None:
    await world.kubernetes.patch("node", node, {"spec": {"unschedulable": None}})
    world.cordoned.pop(node, None)
    world.kubernetes.put_back.pop(f"node/{node}", None)


async def _pods_on(world: World, node: str) -> list[Json]:
    selector = quote(f"spec.nodeName={node}", safe="")
    found: list[Json] = (await world.kubernetes.request("GET", f"/api/v1/pods?fieldSelector={selector}"))["items"]
    return found


def _leaves(pod: Json) -> bool:
    """Whether a drain ends this pod."""
    metadata = pod["metadata"]
    owners = [owner.get("kind") for owner in metadata.get("ownerReferences") or [] if owner.get("controller")]
    return "DaemonSet" not in owners and MIRROR not in (metadata.get("annotations") or {})


async def _gone(world: World, pods: list[Json], until: float, within: str) -> None:
    """Wait until these very pods are gone; another may have the name by then."""
    uids, namespaces = {pod["uid"] for pod in pods}, sorted({pod["namespace"] for pod in pods})
    left: list[str] = []
    async for _ in world.timeline.moments(until, AGAIN):
        found = await asyncio.gather(*(world.kubernetes.list("pod", namespace) for namespace in namespaces))
        left = [pod["metadata"]["name"] for one in found for pod in one if pod["metadata"]["uid"] in uids]
        if not left:
            return
    raise StepError(f"after {within} still there: {', '.join(sorted(left))}")
