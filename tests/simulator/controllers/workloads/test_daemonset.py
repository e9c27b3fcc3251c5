"""DaemonSets on a whole cluster, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.cluster.boot import NODES
from simulator.controllers.cluster import Ref
from tests.simulator.world import World, simulate

Object = dict[str, Any]


def make(world: World, **spec: Any) -> None:
    labels = {"app": "agent"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "agent:1"}]}}
    world.cluster.create(
        "daemonsets.apps",
        {
            "metadata": {"name": "agent", "namespace": "default"},
            "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
        },
    )


def nodes_of(world: World) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in world.list("pods"))


def test_every_node_has_one_also_a_new_one_and_none_that_is_gone() -> None:
    async def story(world: World) -> None:
        make(world)
        await asyncio.sleep(2)
        assert nodes_of(world) == ["node-1", "node-2", "node-3"]
        status = world.get("daemonsets.apps", "agent")["status"]
        assert (status["desiredNumberScheduled"], status["numberReady"], status["numberAvailable"]) == (3, 3, 3)
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        made = world.cluster.create("nodes", {"metadata": {"name": "node-4"}, "spec": {}})
        world.cluster.update("nodes", {**made, "status": ready}, "status")
        world.cluster.delete(Ref("nodes", "", "node-1"))
        await asyncio.sleep(45)
        assert nodes_of(world) == ["node-2", "node-3", "node-4"]

    simulate(story, nodes=NODES)


def test_a_new_image_takes_one_node_after_the_other() -> None:
    async def story(world: World) -> None:
        make(world)
        await asyncio.sleep(2)
        fewest = [3]
        world.store.subscribe(
            lambda event: fewest.append(sum(p.ready for p in world.cluster.pods.values() if p.active))
        )
        found = world.get("daemonsets.apps", "agent")
        found["spec"]["template"]["spec"]["containers"][0]["image"] = "agent:2"
        world.cluster.update("daemonsets.apps", found)
        await asyncio.sleep(15)
        assert [pod["spec"]["containers"][0]["image"] for pod in world.list("pods")] == ["agent:2"] * 3
        assert min(fewest) == 2
        assert world.get("daemonsets.apps", "agent")["status"]["updatedNumberScheduled"] == 3
        assert sorted(one["revision"] for one in world.list("controllerrevisions.apps")) == [1, 2]

    simulate(story, nodes=NODES)


def test_with_surge_no_node_is_ever_without_a_ready_pod() -> None:
    async def story(world: World) -> None:
        rolling = {"maxSurge": 1, "maxUnavailable": 0}
        make(world, minReadySeconds=5, updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
        await asyncio.sleep(2)
        assert "numberAvailable" not in world.get("daemonsets.apps", "agent")["status"]
        await asyncio.sleep(6)
        assert world.get("daemonsets.apps", "agent")["status"]["numberAvailable"] == 3
        counts = [3]
        world.store.subscribe(
            lambda event: counts.append(sum(p.ready and p.active for p in world.cluster.pods.values()))
        )
        found = world.get("daemonsets.apps", "agent")
        found["spec"]["template"]["spec"]["containers"][0]["image"] = "agent:2"
        world.cluster.update("daemonsets.apps", found)
        await asyncio.sleep(40)
        assert [pod["spec"]["containers"][0]["image"] for pod in world.list("pods")] == ["agent:2"] * 3
        assert (min(counts), max(counts)) == (3, 4)

    simulate(story, nodes=NODES)


def test_on_delete_waits_for_somebody_to_delete_the_old_pod() -> None:
    async def story(world: World) -> None:
        make(world, updateStrategy={"type": "OnDelete"})
        await asyncio.sleep(2)
        found = world.get("daemonsets.apps", "agent")
        found["spec"]["template"]["spec"]["containers"][0]["image"] = "agent:2"
        world.cluster.update("daemonsets.apps", found)
        await asyncio.sleep(10)
        assert [pod["spec"]["containers"][0]["image"] for pod in world.list("pods")] == ["agent:1"] * 3
        world.cluster.delete(Ref("pods", "default", world.list("pods")[0]["metadata"]["name"]))
        await asyncio.sleep(10)
        assert sorted(pod["spec"]["containers"][0]["image"] for pod in world.list("pods")) == [
            "agent:1", "agent:1", "agent:2",
        ]  # fmt: skip

    simulate(story, nodes=NODES)


def test_a_node_selector_leaves_nodes_out() -> None:
    async def story(world: World) -> None:
        containers = [{"name": "c", "image": "i"}]
        spec = {"containers": containers, "nodeSelector": {"topology.kubernetes.io/zone": "z2"}}
        make(world, template={"metadata": {"labels": {"app": "agent"}}, "spec": spec})
        await asyncio.sleep(2)
        assert nodes_of(world) == ["node-2"]

    simulate(story, nodes=NODES)
