"""A Deployment that is scaled up and down shows the states that a real cluster showed (`files/scale-states.json`)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.simulator.world import FILES, World, simulate

Object = dict[str, Any]
RECORDED: Object = json.loads((FILES / "scale-states.json").read_text())
SLICES = "endpointslices.discovery.k8s.io"


def test_slices_go_through_the_states_of_a_real_cluster() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        start = world.store.revision
        world.scale("test-hello", 3)
        await asyncio.sleep(2)
        world.scale("test-hello", 1)
        await asyncio.sleep(5)
        written = world.events(SLICES, start)
        assert [kind for kind, _ in written] == ["MODIFIED"] * len(written)
        states = [
            {
                "endpoints": [endpoint["conditions"] for endpoint in obj["endpoints"]],
                "trigger_time": "annotations" in obj["metadata"],
            }
            for _, obj in written
        ]
        assert states == RECORDED["slices"]
        generations = [obj["metadata"]["generation"] for _, obj in written]
        assert generations == list(range(generations[0], generations[0] + len(written)))

    simulate(story, seed=3)


def test_a_pod_goes_through_the_states_of_a_real_cluster() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        start = world.store.revision
        world.scale("test-hello", 2)
        await asyncio.sleep(2)
        world.scale("test-hello", 1)
        await asyncio.sleep(5)
        [victim] = {obj["metadata"]["name"] for kind, obj in world.events("pods", start) if kind == "DELETED"}
        seen = [(kind, obj) for kind, obj in world.events("pods") if obj["metadata"]["name"] == victim]
        assert [state(kind, obj) for kind, obj in seen] == RECORDED["pods"]

    simulate(story, seed=4)


def test_a_pod_takes_as_long_as_a_real_one() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        world.scale("test-hello", 0)
        await asyncio.sleep(5)
        moments = [event.at.timestamp() for event in world.log if event.resource.key == "pods"]
        since_first = [round(moment - moments[0], 2) for moment in moments]
        assert since_first == [0.0, 0.0, 0.3, 5.0, 7.0, 7.0]

    simulate(story)


def state(kind: str, obj: Object) -> Object:
    metadata, status = obj["metadata"], obj["status"]
    shown = ("ready", "restartCount", "started")
    return {
        "type": kind,
        "generation": metadata["generation"],
        "grace": metadata.get("deletionGracePeriodSeconds"),
        "labels": sorted(metadata["labels"]),
        "node": bool(obj["spec"].get("nodeName")),
        "phase": status["phase"],
        "status": list(status),
        "conditions": {c["type"]: c["status"] for c in status.get("conditions") or []},
        "containers": [{key: c[key] for key in shown} for c in status.get("containerStatuses") or []],
    }
