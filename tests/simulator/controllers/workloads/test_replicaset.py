"""ReplicaSets and pods that come and go by their labels and owners."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.simulator.world import World, simulate

Object = dict[str, Any]


def owner_of(pod: Object) -> str:
    return next((ref["kind"] for ref in pod["metadata"].get("ownerReferences") or []), "")


def test_a_pod_whose_labels_no_longer_fit_is_released_and_replaced_and_may_come_back() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 2)
        await asyncio.sleep(3)
        [stranger, _] = world.list("pods")
        labels = stranger["metadata"]["labels"]
        world.cluster.update("pods", {**stranger, "metadata": {**stranger["metadata"], "labels": {"app": "other"}}})
        await asyncio.sleep(3)
        pods = {pod["metadata"]["name"]: pod for pod in world.list("pods")}
        assert len(pods) == 3
        released = pods[stranger["metadata"]["name"]]
        assert owner_of(released) == ""
        world.cluster.update("pods", {**released, "metadata": {**released["metadata"], "labels": labels}})
        await asyncio.sleep(5)
        assert [owner_of(pod) for pod in world.list("pods")] == ["ReplicaSet", "ReplicaSet"]

    simulate(story)


def test_the_cheapest_pod_to_delete_goes_first() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 3)
        await asyncio.sleep(3)
        cheap = world.list("pods")[1]
        cheap["metadata"]["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": "-5"}
        world.cluster.update("pods", cheap)
        world.scale("test-hello", 2)
        await asyncio.sleep(5)
        assert cheap["metadata"]["name"] not in [pod["metadata"]["name"] for pod in world.list("pods")]

    simulate(story)


def test_a_thousand_pods_are_ready_and_in_the_slices() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 1000)
        await asyncio.sleep(5)
        assert world.get("deployments.apps", "test-hello")["status"]["readyReplicas"] == 1000
        slices = world.list("endpointslices.discovery.k8s.io")
        sizes = [len(one["endpoints"]) for one in slices if one["metadata"]["name"] != "kubernetes"]
        assert sum(sizes) == 1000
        assert max(sizes) == 100

    simulate(story)
