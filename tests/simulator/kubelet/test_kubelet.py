"""The life of pods, in virtual time without sockets, and once with real ones."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx

from simulator.controllers.cluster import Ref
from tests.simulator.world import World, simulate

Object = dict[str, Any]


def a_pod(name: str = "one", port: int = 8080, **annotations: str) -> Object:
    return {
        "metadata": {
            "name": name,
            "namespace": "default",
            "annotations": {f"simulator/{key.replace('_', '-')}": value for key, value in annotations.items()},
        },
        "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": port}]}]},
    }


def ready(pod: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions") or [])


def test_a_slow_pod_runs_before_it_is_ready() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(ready_after="5s"))
        await asyncio.sleep(1)
        pod = world.get("pods", "one")
        assert (pod["status"]["phase"], ready(pod)) == ("Running", False)
        assert pod["status"]["containerStatuses"][0]["ready"] is False
        await asyncio.sleep(3.9)
        assert not ready(world.get("pods", "one"))
        await asyncio.sleep(0.2)
        assert ready(world.get("pods", "one"))

    simulate(story)


def test_a_quick_pod_is_ready_at_once() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(ready_after="10ms"))
        await asyncio.sleep(0.02)
        assert ready(world.get("pods", "one"))

    simulate(story)


def test_an_end_is_never_later_than_the_grace_period() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(ends_after="1m"))
        await asyncio.sleep(1)
        world.cluster.delete(Ref("pods", "default", "one"), grace_seconds=3)
        await asyncio.sleep(2.9)
        assert ready(world.get("pods", "one"))
        await asyncio.sleep(0.2)
        assert world.list("pods") == []

    simulate(story)


def test_a_second_shorter_deletion_brings_the_end_nearer() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(ends_after="20s"))
        await asyncio.sleep(1)
        world.cluster.delete(Ref("pods", "default", "one"))
        await asyncio.sleep(2)
        world.cluster.delete(Ref("pods", "default", "one"), grace_seconds=5)
        await asyncio.sleep(2.9)
        assert world.list("pods")
        await asyncio.sleep(0.2)
        assert world.list("pods") == []

    simulate(story)


def test_a_pod_deleted_before_it_started_goes_without_ever_running() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(ready_after="10s"))
        await asyncio.sleep(0.1)
        world.cluster.delete(Ref("pods", "default", "one"))
        await asyncio.sleep(5)
        assert world.list("pods") == []
        assert {obj["status"]["phase"] for _, obj in world.events("pods")} == {"Pending"}

    simulate(story)


def test_a_forced_deletion_takes_the_pod_at_once_and_gives_its_address_back() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod())
        await asyncio.sleep(1)
        assert "taken=1" in repr(world.network)
        world.cluster.delete(Ref("pods", "default", "one"), grace_seconds=0)
        assert world.list("pods") == []
        assert "taken=0" in repr(world.network)

    simulate(story)


def test_a_crashing_pod_restarts_later_and_later() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(crash_after="1s"))
        await asyncio.sleep(1.4)
        pod = world.get("pods", "one")
        status = pod["status"]["containerStatuses"][0]
        assert status["restartCount"] == 1
        assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert status["lastState"]["terminated"]["exitCode"] == 1
        assert (pod["status"]["phase"], ready(pod)) == ("Running", False)
        await asyncio.sleep(0.4)
        assert ready(world.get("pods", "one"))
        await asyncio.sleep(5)
        status = world.get("pods", "one")["status"]["containerStatuses"][0]
        assert status["restartCount"] == 2
        assert "10s" in status["state"]["waiting"]["message"]
        reasons = [event["reason"] for event in world.list("events") if event["type"] == "Warning"]
        assert reasons == ["BackOff"]

    simulate(story)


def waiting(pod: Object) -> str:
    reason: str = pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
    return reason


def test_an_image_that_has_to_be_pulled_delays_the_start() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(pull_after="4s"))
        await asyncio.sleep(3.9)
        pod = world.get("pods", "one")
        assert (pod["status"]["phase"], waiting(pod)) == ("Pending", "ContainerCreating")
        await asyncio.sleep(0.5)
        assert ready(world.get("pods", "one"))
        reasons = [event["reason"] for event in world.list("events")]
        assert sorted(reasons) == ["Created", "Pulled", "Pulling", "Scheduled", "Started"]

    simulate(story)


def test_an_image_that_cannot_be_pulled_is_tried_again_later_and_later_until_it_is_mended() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(pull_error="no such image {x}"))
        await asyncio.sleep(0.5)
        assert waiting(world.get("pods", "one")) == "ErrImagePull"
        await asyncio.sleep(1)
        assert waiting(world.get("pods", "one")) == "ImagePullBackOff"
        await asyncio.sleep(60)
        failed = [event for event in world.list("events") if "no such image {x}" in event["message"]]
        assert [event["count"] for event in failed] == [3]
        pod = world.get("pods", "one")
        pod["metadata"]["annotations"] = {}
        world.cluster.update("pods", pod)
        await asyncio.sleep(30)
        assert ready(world.get("pods", "one"))

    simulate(story)


def test_a_pod_whose_image_never_comes_can_be_deleted() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(pull_error="no such image"))
        await asyncio.sleep(5)
        world.cluster.delete(Ref("pods", "default", "one"))
        await asyncio.sleep(3)
        assert world.list("pods") == []

    simulate(story)


def test_an_annotation_that_cannot_be_understood_is_a_warning() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod(latency="slow"))
        await asyncio.sleep(1)
        [warning] = [event for event in world.list("events") if event["type"] == "Warning"]
        assert warning["reason"] == "InvalidAnnotation"
        assert "simulator/latency" in warning["message"]
        assert ready(world.get("pods", "one"))

    simulate(story)


def test_nothing_is_written_while_the_gate_is_closed() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        world.scale("test-hello", 0)
        await asyncio.sleep(1)
        world.gate.close()
        before = world.store.revision
        await asyncio.sleep(60)
        assert world.store.revision == before
        world.gate.reopen()
        await asyncio.sleep(1)
        assert world.list("pods") == []

    simulate(story)


async def until(world: World, condition: Any) -> None:
    """Wait until `condition()` holds, looking after each write."""
    changed = asyncio.Event()
    end = world.store.subscribe(lambda event: changed.set())
    async with asyncio.timeout(10):
        while not condition():
            changed.clear()
            await changed.wait()
    end()


async def test_a_real_pod_serves_until_its_end_and_not_after() -> None:
    world = World(serve=True)
    try:
        world.cluster.create("pods", a_pod(ready_after="0s", ends_after="100ms"))
        await until(world, lambda: ready(world.get("pods", "one")))
        url = f"http://{world.get('pods', 'one')['status']['podIP']}:8080/"
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(url)).text == "hello from one\n"
            world.cluster.delete(Ref("pods", "default", "one"))
            assert (await client.get(url)).status_code == 200
            await until(world, lambda: not world.list("pods"))
            try:
                await client.get(url)
            except httpx.TransportError:
                return
            raise AssertionError("a pod that is gone has answered")
    finally:
        await world.close()


async def test_a_port_in_use_leaves_the_pod_waiting_with_a_warning_until_it_is_free() -> None:
    world = World(serve=True)
    first = str(world.network.network[1])
    with socket.create_server((first, 8080)) as other:
        try:
            world.cluster.create("pods", a_pod(ready_after="0s"))
            await until(world, lambda: any(event["type"] == "Warning" for event in world.list("events")))
            [warning] = [event for event in world.list("events") if event["type"] == "Warning"]
            assert f"{first}:8080: Address already in use" in warning["message"]
            pod = world.get("pods", "one")
            assert pod["status"]["phase"] == "Pending"
            waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
            assert waiting["reason"] == "ContainerCreating"
            other.close()
            await until(world, lambda: ready(world.get("pods", "one")))
        finally:
            await world.close()


def test_a_pod_that_is_annotated_not_ready_serves_on_without_being_ready_until_the_annotation_goes() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", a_pod())
        await asyncio.sleep(1)
        for value, expected in (("false", False), ("true", True), ("false", False), (None, True)):
            pod = world.get("pods", "one")
            pod["metadata"]["annotations"] = {} if value is None else {"simulator/ready": value}
            world.cluster.update("pods", pod)
            await asyncio.sleep(0.01)
            pod = world.get("pods", "one")
            assert ready(pod) is expected
            assert pod["status"]["containerStatuses"][0]["ready"] is expected
            assert pod["status"]["podIP"]

    simulate(story)
