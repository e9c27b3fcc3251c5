"""What probes find, and what becomes of the pod."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.kubelet.behaviour import Behaviour
from simulator.kubelet.probes import LIVENESS, READINESS, verdict
from tests.simulator.kubelet.test_kubelet import a_pod, ready
from tests.simulator.world import World, simulate

Object = dict[str, Any]
HTTP = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5, "failureThreshold": 2}


def probed(kind: str, probe: Object, **annotations: str) -> Object:
    pod = a_pod()
    pod["metadata"]["annotations"] = {f"simulator/{key}": value for key, value in annotations.items()}
    pod["spec"]["containers"][0][kind] = probe
    return pod


def failure(probe: Object, behaviour: Behaviour | None = None) -> str:
    found = verdict(READINESS, probed(READINESS, probe), behaviour or Behaviour(), (8080,))
    assert found is not None
    return found.failure


def test_a_probe_is_answered_as_a_request_would_be() -> None:
    assert failure(HTTP) == ""
    assert failure(HTTP, Behaviour(status=503)) == "Readiness probe failed: HTTP probe failed with statuscode: 503"
    assert "context deadline exceeded" in failure(HTTP, Behaviour(latency=2.0))
    assert failure({**HTTP, "timeoutSeconds": 3}, Behaviour(latency=2.0)) == ""
    assert "statuscode: 404" in failure({"httpGet": {"path": "/status/404", "port": 8080}})
    assert "connection refused" in failure({"tcpSocket": {"port": 9}})
    assert failure({"tcpSocket": {"port": 8080}}) == ""
    assert failure({"exec": {"command": ["true"]}}) == ""


def test_thresholds_and_periods_say_when_a_verdict_counts() -> None:
    probe = {"httpGet": {"port": 8080}, "initialDelaySeconds": 7, "successThreshold": 2}
    found = verdict(READINESS, probed(READINESS, probe), Behaviour(), (8080,))
    assert found is not None
    assert (found.delay, found.rise, found.fall) == (17, 20, 30)
    assert verdict(LIVENESS, probed(READINESS, probe), Behaviour(), (8080,)) is None


def annotate(world: World, **annotations: str) -> None:
    pod = world.get("pods", "one")
    pod["metadata"]["annotations"] = {f"simulator/{key}": value for key, value in annotations.items()}
    world.cluster.update("pods", pod)


def test_a_pod_that_begins_to_fail_loses_its_readiness_and_gets_it_back() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", probed(READINESS, HTTP))
        await asyncio.sleep(1)
        assert ready(world.get("pods", "one"))
        annotate(world, status="503")
        await asyncio.sleep(9)
        assert ready(world.get("pods", "one"))
        await asyncio.sleep(2)
        assert not ready(world.get("pods", "one"))
        annotate(world)
        await asyncio.sleep(6)
        assert ready(world.get("pods", "one"))
        assert [event["reason"] for event in world.list("events") if event["type"] == "Warning"] == ["Unhealthy"]

    simulate(story)


def test_a_pod_that_fails_from_the_start_runs_and_is_not_ready() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", probed(READINESS, HTTP, status="500"))
        await asyncio.sleep(60)
        pod = world.get("pods", "one")
        assert (pod["status"]["phase"], ready(pod)) == ("Running", False)

    simulate(story)


def test_a_pod_that_fails_its_liveness_probe_is_restarted() -> None:
    async def story(world: World) -> None:
        world.cluster.create("pods", probed(LIVENESS, HTTP))
        await asyncio.sleep(1)
        annotate(world, status="500")
        await asyncio.sleep(11)
        assert world.get("pods", "one")["status"]["containerStatuses"][0]["restartCount"] == 1
        annotate(world)
        await asyncio.sleep(30)
        pod = world.get("pods", "one")
        assert ready(pod)
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 1
        assert "Killing" in [event["reason"] for event in world.list("events")]

    simulate(story)
