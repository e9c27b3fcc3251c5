"""Nodes that fail, are cordoned or go: the decisions, and what becomes of their pods."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.cluster.boot import NODES
from simulator.controllers.cluster import Ref
from simulator.controllers.scheduling.nodes import eviction, taints
from tests.simulator.world import World, simulate

Object = dict[str, Any]
NOW = "2026-01-01T00:00:00Z"
UNREADY = {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute", "timeAdded": "1970-01-01T00:01:00Z"}


def annotate(world: World, name: str, value: str) -> None:
    found = world.get("nodes", name)
    found["metadata"]["annotations"] = {"simulator/node": value} if value else {}
    world.cluster.update("nodes", found)


def ready(obj: Object) -> str:
    return next(str(c["status"]) for c in obj["status"]["conditions"] if c["type"] == "Ready")


def on(world: World, node: str) -> list[Object]:
    return [pod for pod in world.list("pods") if pod["spec"]["nodeName"] == node]


def test_taints_follow_the_condition_and_the_cordon_and_leave_those_of_others() -> None:
    conditions = [{"type": "Ready", "status": "Unknown"}]
    other = {"key": "team", "effect": "NoSchedule"}
    node: Object = {"spec": {"unschedulable": True, "taints": [other, UNREADY]}, "status": {"conditions": conditions}}
    found = taints(node, NOW)
    assert found[0] == other
    assert [(t["key"].partition("/")[2], t["effect"]) for t in found[1:]] == [
        ("unschedulable", "NoSchedule"),
        ("unreachable", "NoSchedule"),
        ("unreachable", "NoExecute"),
    ]
    node["spec"]["taints"] = found
    assert taints(node, "2026-02-02T00:00:00Z") == found


def test_a_pod_goes_when_the_shortest_toleration_has_passed() -> None:
    def tolerating(*seconds: int | None) -> list[Object]:
        return [{"operator": "Exists", **({"tolerationSeconds": s} if s is not None else {})} for s in seconds]

    assert eviction(tolerating(300, 30), [UNREADY], 70.0) == 90.0
    assert eviction(tolerating(None), [UNREADY], 70.0) is None
    assert eviction([], [UNREADY], 70.0) == 70.0
    assert eviction(tolerating(-5), [UNREADY], 70.0) == 60.0


def test_pods_of_a_node_that_is_not_ready_are_not_ready_and_replaced_after_five_minutes() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 3)
        await asyncio.sleep(3)
        [victim] = on(world, "node-2")
        annotate(world, "node-2", "not-ready")
        await asyncio.sleep(1)
        assert ready(world.get("nodes", "node-2")) == "False"
        assert ready(world.get("pods", victim["metadata"]["name"])) == "False"
        [found] = [s for s in world.list("endpointslices.discovery.k8s.io") if s["metadata"]["name"] != "kubernetes"]
        assert sorted(e["conditions"]["ready"] for e in found["endpoints"]) == [False, True, True]
        await asyncio.sleep(297)
        assert on(world, "node-2")
        await asyncio.sleep(10)
        assert on(world, "node-2") == []
        assert len(world.list("pods")) == 3
        reasons = [event["reason"] for event in world.list("events")]
        assert "TaintManagerEviction" in reasons

    simulate(story, nodes=NODES)


def test_a_node_that_comes_back_in_time_keeps_its_pods_and_they_are_ready_again() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(3)
        [pod] = world.list("pods")
        annotate(world, pod["spec"]["nodeName"], "not-ready")
        await asyncio.sleep(100)
        annotate(world, pod["spec"]["nodeName"], "")
        await asyncio.sleep(1)
        assert ready(world.get("nodes", pod["spec"]["nodeName"])) == "True"
        assert "taints" not in world.get("nodes", pod["spec"]["nodeName"])["spec"]
        await asyncio.sleep(1000)
        [same] = world.list("pods")
        assert (same["metadata"]["uid"], ready(same)) == (pod["metadata"]["uid"], "True")

    simulate(story, nodes=NODES)


def test_an_unreachable_node_is_noticed_after_a_while_and_its_pods_stay_until_it_is_heard_of() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(3)
        [pod] = world.list("pods")
        node = pod["spec"]["nodeName"]
        annotate(world, node, "unreachable")
        await asyncio.sleep(49)
        assert ready(world.get("nodes", node)) == "True"
        await asyncio.sleep(2)
        assert ready(world.get("nodes", node)) == "Unknown"
        await asyncio.sleep(600)
        [left] = on(world, node)
        assert left["metadata"]["deletionTimestamp"]
        assert len(world.list("pods")) == 2
        annotate(world, node, "")
        await asyncio.sleep(3)
        assert on(world, node) == []

    simulate(story, nodes=NODES)


def test_a_patched_status_counts_like_the_nodes_own_word() -> None:
    async def story(world: World) -> None:
        node = world.get("nodes", "node-1")
        for condition in node["status"]["conditions"]:
            if condition["type"] == "Ready":
                condition.update(status="False", reason="Broken", message="by hand")
        world.cluster.update("nodes", node, "status")
        await asyncio.sleep(1)
        assert len(world.get("nodes", "node-1")["spec"]["taints"]) == 2
        await asyncio.sleep(600)
        assert ready(world.get("nodes", "node-1")) == "False"

    simulate(story, nodes=NODES)


def test_a_cordoned_node_keeps_its_pods_and_gets_no_new_ones() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 3)
        await asyncio.sleep(3)
        node = world.get("nodes", "node-1")
        node["spec"]["unschedulable"] = True
        world.cluster.update("nodes", node)
        world.scale("test-hello", 9)
        await asyncio.sleep(3)
        assert len(on(world, "node-1")) == 1
        assert world.get("nodes", "node-1")["spec"]["taints"][0]["key"] == "node.kubernetes.io/unschedulable"
        node = world.get("nodes", "node-1")
        del node["spec"]["unschedulable"]
        world.cluster.update("nodes", node)
        await asyncio.sleep(1)
        assert "taints" not in world.get("nodes", "node-1")["spec"]

    simulate(story, nodes=NODES)


def test_a_pod_that_fits_nowhere_waits_and_says_why() -> None:
    async def story(world: World) -> None:
        node = world.get("nodes", "node-1")
        node["spec"]["unschedulable"] = True
        world.cluster.update("nodes", node)
        world.apply("hello.yaml")
        await asyncio.sleep(1)
        [pod] = world.list("pods")
        said = next(c for c in pod["status"]["conditions"] if c["type"] == "PodScheduled")
        assert said["message"] == "0/1 nodes are available: 1 node(s) were unschedulable."
        node = world.get("nodes", "node-1")
        del node["spec"]["unschedulable"]
        world.cluster.update("nodes", node)
        await asyncio.sleep(2)
        assert ready(world.list("pods")[0]) == "True"

    simulate(story)


def test_pods_of_a_deleted_node_go_after_forty_seconds() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(3)
        [pod] = world.list("pods")
        world.cluster.delete(Ref("nodes", "", pod["spec"]["nodeName"]))
        await asyncio.sleep(39)
        assert on(world, pod["spec"]["nodeName"])
        await asyncio.sleep(5)
        assert on(world, pod["spec"]["nodeName"]) == []
        assert ready(world.list("pods")[0]) == "True"

    simulate(story, nodes=NODES)
