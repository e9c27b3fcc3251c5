"""Events do not live for ever."""

from __future__ import annotations

import asyncio

from simulator.controllers.recorder import Recorder
from tests.simulator.world import World, simulate


def test_an_event_ends_an_hour_after_it_was_last_written() -> None:
    async def story(world: World) -> None:
        about = world.get("nodes", "node-1")
        recorder = Recorder(world.cluster, "test")
        recorder.normal(about, "Once", "it happened")
        await asyncio.sleep(1800)
        recorder.normal(about, "Again", "it happened")
        await asyncio.sleep(1700)
        recorder.normal(about, "Again", "it happened")
        await asyncio.sleep(200)
        [left] = world.list("events")
        assert (left["reason"], left["count"]) == ("Again", 2)
        await asyncio.sleep(3300)
        assert len(world.list("events")) == 1
        await asyncio.sleep(200)
        assert world.list("events") == []

    simulate(story)
