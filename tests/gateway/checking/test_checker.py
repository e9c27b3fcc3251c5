"""The checker in virtual time; endpoints are played by a function."""

import asyncio
import itertools
import random

import msgspec

from edge import clock, virtual_time
from edge.gateway.checking import exposing
from edge.gateway.checking.checker import AT_ONCE, Checker
from edge.model import Endpoint, Upstream
from edge.model.health_check import HealthCheck
from edge.wire.messages import Finding, Health
from tests.gateway.checking.test_plan import CHECK, HANDS, PODS, SOURCE, content, state

PODS_OF = tuple(Endpoint(f"10.0.0.{n}", 80) for n in range(1, 4))


class World:
    """`sick` maps addresses to what their checks say; `asked` notes when each was asked."""

    def __init__(self):
        self.sick = {}
        self.asked = []
        self.told = []
        self.most = self.now_asked = 0
        self.takes = 0.0
        self.checker = Checker(self.ask, self.told.append, random.Random(1))

    async def ask(self, probe):
        self.asked.append((asyncio.get_running_loop().time(), probe.address[0]))
        self.now_asked += 1
        self.most = max(self.most, self.now_asked)
        await asyncio.sleep(self.takes)
        self.now_asked -= 1
        return self.sick.get(probe.address[0], "")

    async def __aenter__(self):
        self._running = asyncio.get_running_loop().create_task(self.checker.run())
        return self

    async def __aexit__(self, *_):
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def times(self, address):
        return [at for at, asked in self.asked if asked == address]


def play(story):
    async def main():
        async with World() as world:
            world.checker.release(content(PODS, sources={SOURCE.key: state(1, *PODS_OF)}))
            await story(world)

    virtual_time.run(main())


def unhealthy(*addresses, upstream="pods"):
    return Health("a", upstream, tuple((address, 80) for address in addresses))


def test_every_endpoint_is_asked_each_interval_from_a_moment_of_its_own():
    async def story(world):
        await asyncio.sleep(51)
        starts = [world.times(pod.address)[0] for pod in PODS_OF]
        assert len({round(start, 3) for start in starts}) == 3
        for pod in PODS_OF:
            times = world.times(pod.address)
            assert 9 <= len(times) <= 12
            assert all(4.5 <= later - sooner <= 5.5 for sooner, later in itertools.pairwise(times))
        assert world.told == []
        assert (world.checker.passed, world.checker.failed) == (len(world.asked), 0)

    play(story)


def test_workers_are_told_after_as_many_failures_as_the_check_says_and_again_when_it_is_well():
    async def story(world):
        world.sick["10.0.0.2"] = "it answered 500"
        await asyncio.sleep(30)
        assert world.told == [unhealthy("10.0.0.2")]
        assert world.checker.unhealthy() == {("a", "pods"): 1}
        lines = exposing.render(world.checker)
        assert 'edge_unhealthy_endpoints{application="a",upstream="pods"} 1' in lines
        assert f'edge_health_checks_total{{result="failed"}} {world.checker.failed}' in lines
        world.sick.clear()
        await asyncio.sleep(15)
        assert world.told == [unhealthy("10.0.0.2"), unhealthy()]

    play(story)


def test_a_check_that_fails_by_itself_is_a_failure_and_ends_nothing():
    async def story(world):
        ask = world.checker._ask

        async def failing(probe):
            await ask(probe)
            raise RuntimeError

        world.checker._ask = failing
        await asyncio.sleep(30)
        assert world.told[-1] == unhealthy("10.0.0.1", "10.0.0.2", "10.0.0.3")

    play(story)


def test_endpoints_that_go_are_asked_no_more_and_those_that_come_begin_healthy():
    async def story(world):
        world.sick["10.0.0.1"] = "refused"
        await asyncio.sleep(30)
        world.checker.move(state(2, *PODS_OF[1:], Endpoint("10.0.0.9", 80)))
        assert world.told == [unhealthy("10.0.0.1"), unhealthy()]
        await asyncio.sleep(1)
        asked = len(world.times("10.0.0.1"))
        await asyncio.sleep(30)
        assert len(world.times("10.0.0.1")) == asked
        assert len(world.times("10.0.0.9")) >= 5
        world.checker.move(state(3, *PODS_OF))
        assert world.checker.unhealthy() == {("a", "pods"): 0}

    play(story)


def test_upstreams_that_ask_the_same_way_share_a_probe_and_a_release_keeps_what_is_known():
    async def story(world):
        twin = msgspec.structs.replace(PODS, id="twin")
        sources = {SOURCE.key: state(1, *PODS_OF)}
        world.checker.release(content(PODS, twin, sources=sources, number=2))
        world.sick["10.0.0.1"] = "refused"
        await asyncio.sleep(30)
        assert world.told == [unhealthy("10.0.0.1"), unhealthy("10.0.0.1", upstream="twin")]
        assert len(world.times("10.0.0.1")) <= 7
        world.checker.release(content(PODS, HANDS, sources=sources, number=3))
        assert world.told[2:] == [unhealthy(upstream="twin")]
        world.checker.release(content(PODS, twin, sources=sources, number=4))
        assert world.told[3:] == [unhealthy("10.0.0.1", upstream="twin")]
        world.checker.release(content(msgspec.structs.replace(PODS, check=None), number=5))
        assert world.told[4:] == [unhealthy(), unhealthy(upstream="twin")]
        assert world.checker._watched == {}

    play(story)


def test_many_that_fail_at_once_are_told_at_once():
    async def main():
        async with World() as world:
            servers = tuple(msgspec.structs.replace(HANDS.servers[0], host=f"10.1.0.{n}") for n in range(200))
            check = HealthCheck(interval=0.1, fall=1)
            world.checker.release(content(Upstream("hands", "many", servers, check=check)))
            await asyncio.sleep(1)
            world.sick = {server.host: "refused" for server in servers}
            await asyncio.sleep(1)
            assert len(world.told) <= 6
            assert len(world.told[-1].unhealthy) == 200

    virtual_time.run(main())


def test_only_so_many_are_asked_at_once_and_none_is_forgotten():
    async def main():
        async with World() as world:
            world.takes = 2.0
            servers = tuple(msgspec.structs.replace(HANDS.servers[0], host=f"10.1.0.{n}") for n in range(250))
            world.checker.release(content(Upstream("hands", "many", servers, check=CHECK)))
            await asyncio.sleep(40)
            assert world.most == AT_ONCE
            assert min(len(world.times(server.host)) for server in servers) >= 3

    virtual_time.run(main())


def test_what_was_found_is_known_with_its_reason_and_since_when():
    async def story(world):
        await asyncio.sleep(10)
        assert list(world.checker.findings()) == []
        world.sick["10.0.0.2"] = "it answered 500"
        began = clock.unix()
        await asyncio.sleep(20)
        [found] = world.checker.findings()
        assert found == Finding("a", "pods", "10.0.0.2:80", found.since, "it answered 500")
        assert 0 < found.since - began < 17, "the third failure"
        world.sick["10.0.0.2"] = "the connection was refused"
        await asyncio.sleep(20)
        assert list(world.checker.findings()) == [found], "it turned for that reason, and then"
        world.sick.clear()
        await asyncio.sleep(20)
        assert list(world.checker.findings()) == []

    play(story)
