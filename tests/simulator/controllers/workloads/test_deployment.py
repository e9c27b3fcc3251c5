"""Rollouts on a whole cluster, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.simulator.world import World, simulate

Object = dict[str, Any]


def change(world: World, **spec: Any) -> None:
    found = world.get("deployments.apps", "test-hello")
    image = spec.pop("image", None)
    found["spec"].update(spec)
    if image:
        found["spec"]["template"]["spec"]["containers"][0]["image"] = image
    world.cluster.update("deployments.apps", found)


def images(world: World) -> list[str]:
    return sorted(pod["spec"]["containers"][0]["image"] for pod in world.list("pods"))


def conditions(world: World) -> dict[str, str]:
    status = world.get("deployments.apps", "test-hello")["status"]
    return {c["type"]: c["reason"] for c in status["conditions"]}


def test_a_new_image_is_rolled_out_and_never_fewer_serve_than_allowed() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 4)
        await asyncio.sleep(5)
        fewest, most = [99], [0]

        def look(event: object) -> None:
            fewest.append(sum(pod.ready for pod in world.cluster.pods.values() if pod.active))
            most.append(sum(s["spec"]["replicas"] for s in world.list("replicasets.apps")))

        world.store.subscribe(look)
        change(world, image="hello:2")
        await asyncio.sleep(20)
        assert images(world) == ["hello:2"] * 4
        assert (min(fewest), max(most)) == (3, 5)
        assert conditions(world) == {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}
        deployment = world.get("deployments.apps", "test-hello")
        assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
        assert deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"] == 3

    simulate(story)


def test_an_undo_raises_the_old_set_to_the_newest_revision() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        change(world, image="hello:2")
        await asyncio.sleep(10)
        change(world, image="hello:1")
        await asyncio.sleep(10)
        sets = {s["spec"]["template"]["spec"]["containers"][0]["image"]: s for s in world.list("replicasets.apps")}
        notes = sets["hello:1"]["metadata"]["annotations"]
        assert notes["deployment.kubernetes.io/revision"] == "3"
        assert notes["deployment.kubernetes.io/revision-history"] == "1"
        assert images(world) == ["hello:1"]

    simulate(story)


def test_recreate_never_has_two_images_at_once() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        change(world, strategy={"type": "Recreate"}, replicas=3)
        await asyncio.sleep(5)
        mixed: list[list[str]] = []
        world.store.subscribe(lambda event: mixed.append(images(world)) if len(set(images(world))) > 1 else None)
        change(world, image="hello:2")
        await asyncio.sleep(10)
        assert mixed == []
        assert images(world) == ["hello:2"] * 3

    simulate(story)


def test_a_paused_deployment_waits_and_still_scales() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        change(world, paused=True, image="hello:2", replicas=2)
        await asyncio.sleep(5)
        assert images(world) == ["hello:1"] * 2
        assert conditions(world)["Progressing"] == "DeploymentPaused"
        change(world, paused=False)
        await asyncio.sleep(10)
        assert images(world) == ["hello:2"] * 2

    simulate(story)


def test_a_rollout_whose_pods_never_turn_ready_keeps_the_old_ones_and_times_out() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 3)
        await asyncio.sleep(5)
        found = world.get("deployments.apps", "test-hello")
        found["spec"]["progressDeadlineSeconds"] = 30
        found["spec"]["template"]["metadata"]["annotations"] = {"simulator/ready-after": "1h"}
        world.cluster.update("deployments.apps", found)
        await asyncio.sleep(60)
        assert sum(pod.ready for pod in world.cluster.pods.values()) == 3
        assert conditions(world)["Progressing"] == "ProgressDeadlineExceeded"

    simulate(story)


def test_old_sets_beyond_the_history_limit_are_deleted() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        change(world, revisionHistoryLimit=1)
        for number in range(2, 6):
            await asyncio.sleep(8)
            change(world, image=f"hello:{number}")
        await asyncio.sleep(8)
        kept = [s["spec"]["template"]["spec"]["containers"][0]["image"] for s in world.list("replicasets.apps")]
        assert sorted(kept) == ["hello:4", "hello:5"]

    simulate(story)


def test_a_pod_killed_by_hand_is_replaced() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        [ref] = world.cluster.refs["pods"]
        world.cluster.delete(ref)
        await asyncio.sleep(5)
        [after] = world.cluster.refs["pods"]
        assert after != ref

    simulate(story)


def test_pods_are_spread_over_nodes_and_zones() -> None:
    from simulator.cluster.boot import NODES

    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 6)
        await asyncio.sleep(5)
        [found] = [s for s in world.list("endpointslices.discovery.k8s.io") if s["metadata"]["name"] != "kubernetes"]
        assert sorted(e["zone"] for e in found["endpoints"]) == ["z1", "z1", "z2", "z2", "z3", "z3"]

    simulate(story, nodes=NODES)
