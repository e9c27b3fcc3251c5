"""A Deployment scaled 1→3→1 shows the states that a real cluster showed (transcripts 28, 29 and 30)."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.simulator.world import World, simulate

Object = dict[str, Any]


def slice_states(world: World, since: int) -> list[list[tuple[bool, bool, bool]]]:
    found = world.events("endpointslices.discovery.k8s.io", since)
    return [
        [
            (e["conditions"]["ready"], e["conditions"]["serving"], e["conditions"]["terminating"])
            for e in obj["endpoints"] or []
        ]
        for _, obj in found
    ]


READY = (True, True, False)
ENDING = (False, True, True)


def test_slices_go_through_the_states_of_a_real_cluster() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        start = world.store.revision
        world.scale("test-hello", 3)
        await asyncio.sleep(2)
        world.scale("test-hello", 1)
        await asyncio.sleep(5)
        assert slice_states(world, start) == [
            [READY, READY],
            [READY, READY, READY],
            [READY, ENDING, ENDING],
            [READY, ENDING],
            [READY],
        ]
        slices = [obj for _, obj in world.events("endpointslices.discovery.k8s.io", start)]
        marked = ["annotations" in obj["metadata"] for obj in slices]
        assert marked == [True, True, False, False, False]
        assert [obj["metadata"]["generation"] for obj in slices] == list(
            range(slices[0]["metadata"]["generation"], slices[0]["metadata"]["generation"] + 5)
        )

    simulate(story, seed=3)


def test_a_pod_goes_through_the_states_of_a_real_cluster() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        start = world.store.revision
        world.scale("test-hello", 2)
        await asyncio.sleep(2)
        [name] = {obj["metadata"]["name"] for kind, obj in world.events("pods", start) if kind == "ADDED"}
        world.cluster.delete(next(ref for ref in world.cluster.refs["pods"] if ref.name == name))
        await asyncio.sleep(5)
        seen = [(kind, obj) for kind, obj in world.events("pods", start) if obj["metadata"]["name"] == name]
        assert [describe(kind, obj) for kind, obj in seen] == [
            ("ADDED", "Pending", 1, None, False, False),
            ("MODIFIED", "Pending", 1, None, True, False),
            ("MODIFIED", "Running", 1, None, True, True),
            ("MODIFIED", "Running", 2, 30, True, True),
            ("MODIFIED", "Running", 2, 0, True, True),
            ("DELETED", "Running", 2, 0, True, True),
        ]
        pending = seen[0][1]["status"]
        assert pending == {"phase": "Pending", "qosClass": "BestEffort"}
        running = seen[2][1]["status"]
        assert [c["type"] for c in running["conditions"]] == [
            "Initialized", "Ready", "ContainersReady", "PodScheduled",
        ]  # fmt: skip
        assert list(running) == [
            "phase", "conditions", "hostIP", "podIP", "podIPs", "startTime", "containerStatuses", "qosClass",
        ]  # fmt: skip

    simulate(story, seed=4)


def describe(kind: str, obj: Object) -> tuple[Any, ...]:
    metadata, status = obj["metadata"], obj["status"]
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or [])
    return (
        kind,
        status["phase"],
        metadata["generation"],
        metadata.get("deletionGracePeriodSeconds"),
        bool(obj["spec"].get("nodeName")),
        ready,
    )
