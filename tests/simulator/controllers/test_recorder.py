"""How often an event is written, and as what."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.controllers.recorder import Recorder
from tests.simulator.world import World, simulate

Object = dict[str, Any]


def told(world: World) -> list[tuple[str, int]]:
    return [(event["message"], event["count"]) for event in world.list("events")]


def test_the_same_event_again_raises_its_count() -> None:
    async def story(world: World) -> None:
        recorder = Recorder(world.cluster, "test")
        for _ in range(3):
            recorder.normal(world.get("nodes", "node-1"), "Seen", "it is there")
            await asyncio.sleep(5)
        [event] = world.list("events")
        assert (event["message"], event["count"]) == ("it is there", 3)
        assert event["firstTimestamp"] < event["lastTimestamp"]

    simulate(story)


def test_similar_events_are_combined_from_the_eleventh_on() -> None:
    async def story(world: World) -> None:
        recorder = Recorder(world.cluster, "test")
        for number in range(15):
            recorder.normal(world.get("nodes", "node-1"), "Seen", f"number {number}")
        found = told(world)
        assert len(found) == 11
        assert ("(combined from similar events): number 14", 5) in found
        await asyncio.sleep(700)
        recorder.normal(world.get("nodes", "node-1"), "Seen", "number 99")
        assert ("number 99", 1) in told(world)

    simulate(story)


def test_one_object_has_a_burst_and_then_one_event_every_five_minutes() -> None:
    async def story(world: World) -> None:
        recorder = Recorder(world.cluster, "test")
        about = world.get("nodes", "node-1")
        for _ in range(30):
            recorder.normal(about, "Seen", "again")
        assert told(world) == [("again", 25)]
        await asyncio.sleep(301)
        for _ in range(3):
            recorder.normal(about, "Seen", "again")
        assert told(world) == [("again", 26)]
        recorder.forget(about["metadata"]["uid"])
        recorder.normal(about, "Seen", "again")
        assert len(told(world)) == 2

    simulate(story)


def test_an_event_says_whose_its_fields_are() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(2)
        managers = {event["source"]["component"]: event["metadata"]["managedFields"] for event in world.list("events")}
        assert {component: entry[0]["manager"] for component, entry in managers.items()} == {
            "deployment-controller": "kube-controller-manager",
            "replicaset-controller": "kube-controller-manager",
            "default-scheduler": "kube-scheduler",
            "kubelet": "kubelet",
        }
        assert managers["kubelet"][0]["fieldsV1"]["f:source"] == {"f:component": {}, "f:host": {}}

    simulate(story)
