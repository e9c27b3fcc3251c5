import asyncio
from pathlib import Path

import pytest

from scenarios.errors import StepError
from scenarios.house import House
from scenarios.model import EdgeGiven
from scenarios.observers import ADMIN, EVENTS, KUBERNETES, REQUESTS, Observers
from scenarios.targets import Address
from scenarios.timeline import Timeline
from scenarios.world import World
from tests.scenarios.fakes import SERVICE, Cluster, Edge

GATEWAY = "endpoints in gateway-1"


class Scene:
    """A world of fakes that is observed."""

    def __init__(self, cluster, edge, folder):
        self.cluster, self.edge = cluster, edge
        self.timeline = Timeline()
        self.world = World(cluster, self.timeline, Path(), 1)
        self.world.services[SERVICE] = None
        self.house = House(folder, EdgeGiven(), self.timeline.pulse, edge.begin)
        self.world.move_in(self.house)
        self.observers = Observers(self.world)

    async def open(self):
        self.cluster.scale(2)
        await self.house.open()
        await self.house.start_gateways()
        await self.house.configure({"test": Address("127.0.0.1", 1, "t")}, {})
        self.observers.start(["default"], True)

    async def close(self):
        await self.observers.stop()
        await self.house.close()
        await self.edge.close()

    def lane(self, name):
        return [event.text for event in self.timeline.events if event.lane == name]

    async def until(self, lane, texts):
        async with asyncio.timeout(5):
            async for _ in self.timeline.moments(None, 0.02):
                if self.lane(lane)[-len(texts) :] == texts:
                    return


@pytest.fixture
async def scene(tmp_path):
    cluster = Cluster()
    scene = Scene(cluster, Edge(cluster), tmp_path)
    await scene.open()
    yield scene
    await scene.close()


async def test_endpoints_are_numbers_that_are_noted_when_they_change(scene):
    for lane in (KUBERNETES, ADMIN, GATEWAY):
        await scene.until(lane, ["2"])
    scene.cluster.scale(3)
    for lane in (KUBERNETES, ADMIN, GATEWAY):
        await scene.until(lane, ["2", "3"])
    assert scene.world.ready_addresses() == set(scene.cluster.pods.values())
    assert all(event.value is not None for event in scene.timeline.events if event.lane == KUBERNETES)


async def test_who_does_not_answer_is_away_and_not_without_endpoints(scene):
    await scene.until(GATEWAY, ["2"])
    await scene.house.children["gateway-1"].stop()
    await scene.edge.close()  # the connections, too: also the Admin's
    await scene.until(GATEWAY, ["2", "away"])
    [away] = [event for event in scene.timeline.events if (event.lane, event.text) == (GATEWAY, "away")]
    assert away.value is None


async def test_what_happens_to_pods_and_slices_is_an_event_once(scene):
    await scene.until(KUBERNETES, ["2"])
    scene.cluster.scale(1)
    await scene.until(KUBERNETES, ["2", "1"])
    found = scene.lane(EVENTS)
    assert found[-2:] == ["DELETED pod/pod-1", "MODIFIED endpointslice/test-hello-1"]
    assert len(found) == len(set(found))
    assert set(scene.world.pods_ended) == {"pod-1"}


async def test_requests_of_edge_are_read_at_the_end_and_only_those(scene):
    class Control:
        async def send(self, method, path, body=None):
            asked = {"at": "2030-01-01T00:00:00+00:00", "verb": "list", "path": "/api/v1/pods"}
            edge = {**asked, "user": "system:serviceaccount:default:edge-reader", "status": 403, "seconds": 0.1}
            return {"items": [edge, {**asked, "user": "admin", "status": 200}, {**asked, "user": "", "status": 401}]}

    scene.cluster.control = Control()
    await scene.observers.stop()
    refused = [(event.text, event.bad) for event in scene.timeline.events if event.lane == REQUESTS]
    assert refused == [("list /api/v1/pods 403", True), ("list /api/v1/pods 401", True)]


async def test_an_api_server_that_is_away_is_asked_again_until_it_is_back(tmp_path):
    class Away(Cluster):
        async def lines(self, path):
            if self.asked.count("broken") < 2:
                self.asked.append("broken")
                raise StepError("the watch broke")
            async for line in super().lines(path):
                yield line

    cluster = Away()
    scene = Scene(cluster, Edge(cluster), tmp_path)
    await scene.open()
    try:
        await scene.until(KUBERNETES, ["2"])
        async with asyncio.timeout(5):
            while len(cluster._watchers) < 2:  # noqa: ASYNC110 - pods and slices are followed again
                await asyncio.sleep(0.02)
        cluster.scale(3)
        await scene.until(KUBERNETES, ["2", "3"])
        assert len(scene.lane(EVENTS)) == len(set(scene.lane(EVENTS))), "a new list shows nothing new"
    finally:
        await scene.close()


async def test_what_an_observer_does_not_understand_is_kept_and_it_goes_on(tmp_path):
    class Strange(Cluster):
        async def lines(self, path):
            if "endpointslices" in path and not self.asked.count("strange"):
                self.asked.append("strange")
                yield b'{"type": "ADDED", "object": {}}'
            async for line in super().lines(path):
                yield line

    cluster = Strange()
    scene = Scene(cluster, Edge(cluster), tmp_path)
    await scene.open()
    try:
        await scene.until(KUBERNETES, ["2"])
        assert scene.observers.failures == {"slices of test/default": "KeyError: 'metadata'"}
    finally:
        await scene.close()
