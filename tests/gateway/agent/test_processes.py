import asyncio
import os
import random
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.gateway.agent.processes import GIVE_UP, Workers, _environment
from edge.gateway.listening import ListenAddress, bind
from edge.gateway.settings import Settings
from edge.wire.hub import Hub, Unanswered

ODD = (sys.executable, str(Path(__file__).with_name("odd_worker.py")))


class Watch:
    """A hub, and a way to wait until something holds of it."""

    def __init__(self):
        self._stirred = asyncio.Event()
        self.failures = []
        self.hub = Hub(on_report=lambda *_: self._stirred.set(), on_gone=lambda _: self._stirred.set(), hello_within=60)

    def failed(self, reason):
        self.failures.append(reason)
        self._stirred.set()

    async def until(self, holds):
        while not holds():
            self._stirred.clear()
            await self._stirred.wait()

    async def connected(self, *names):
        await self.until(lambda: sorted(self.hub.reports) == list(names))


@asynccontextmanager
async def workers(count, *how, drain_timeout=5.0):
    watch = Watch()
    with bind(ListenAddress("127.0.0.1", 0), "--listen") as listener:
        running = Workers(
            count,
            [listener],
            Settings(name="gateway-1", drain_timeout=drain_timeout),
            watch.hub.serve,
            watch.failed,
            random.Random(1),
            (*ODD, *how),
        )
        running.start()
        try:
            yield running, watch
        finally:
            await running.drain()
            assert running.lives == []


async def test_every_worker_gets_its_index_the_settings_a_channel_and_the_sockets():
    async with workers(2, "steady") as (running, watch):
        await watch.connected("0.0", "1.0")
        assert sorted((await watch.hub.ask_all("index")).items()) == [("0.0", b"0"), ("1.0", b"1")]
        assert await watch.hub.ask("0.0", "name") == b"gateway-1"
        assert len(running.lives) == 2


async def test_a_worker_that_is_killed_is_started_again_and_the_others_go_on():
    async with workers(2, "steady") as (running, watch):
        await watch.connected("0.0", "1.0")
        running.came_up()
        victim = next(life for life in running.lives if life.name == "1.0")
        victim.process.kill()
        await watch.connected("0.0", "1.1")
        assert running.restarts == 1
        with pytest.raises(Unanswered):
            await watch.hub.ask("1.0", "index")
        assert await watch.hub.ask("1.1", "index") == b"1"


async def test_a_worker_that_is_leaving_is_replaced_while_it_still_runs(tmp_path):
    async with workers(1, "leave", str(tmp_path / "left")) as (running, watch):
        watch.hub.on_leaving = lambda name, last: running.leaving(name)
        await watch.connected("0.0", "0.1")
        assert [life.process.returncode for life in running.lives] == [None, None]
        assert running.restarts == 1


async def test_a_worker_that_fails_once_at_the_start_is_forgiven(tmp_path):
    async with workers(1, "once", str(tmp_path / "tried")) as (_, watch):
        await watch.connected("0.1")
        assert watch.failures == []


async def test_workers_that_never_start_make_the_gateway_give_up():
    async with workers(1, "crash") as (_, watch):
        await watch.until(lambda: watch.failures)
        assert watch.failures == [f"worker 0 does not start: it ended {GIVE_UP} times, with the code 3 at last"]


async def test_draining_ends_workers_by_closing_their_channels():
    async with workers(2, "steady") as (running, watch):
        await watch.connected("0.0", "1.0")
        processes = [life.process for life in running.lives]
        await running.drain()
        assert [process.returncode for process in processes] == [0, 0]
        assert running.restarts == 0


async def test_a_worker_that_does_not_end_in_its_drain_time_is_killed():
    async with workers(1, "stubborn", drain_timeout=-1.8) as (running, watch):
        await watch.connected("0.0")
        process = running.lives[0].process
        await running.drain()
        assert process.returncode == -9


async def test_a_program_that_cannot_be_started_makes_the_gateway_give_up_too():
    watch = Watch()
    with bind(ListenAddress("127.0.0.1", 0), "--listen") as listener:
        running = Workers(
            1, [listener], Settings(), watch.hub.serve, watch.failed, random.Random(1), ("/nowhere/python",)
        )
        before = len(os.listdir("/proc/self/fd"))
        running.start()
        await watch.until(lambda: watch.failures)
        await running.drain()
        assert len(os.listdir("/proc/self/fd")) <= before + 1, "no descriptor is left behind"


def test_a_worker_does_not_get_the_join_token():
    assert _environment({"PATH": "/bin", "EDGE_GATEWAY_JOIN_TOKEN": "t"}) == {"PATH": "/bin"}
