"""The way in without a socket: streams that wait for their reader, ends of requests, time that is not waited for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from simulator.loops import Deadlock, run_virtual
from simulator.memory import MemoryTransport
from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.simulator.in_memory import MAPS, make, play

START = {"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1"), (b"x-a", b"2")]}


def piece(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def with_application(application: Any, story: Callable[[httpx.AsyncClient, MemoryTransport], Awaitable[None]]) -> None:
    async def main() -> None:
        transport = MemoryTransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            await story(client, transport)
        assert transport.open_requests == 0

    run_virtual(main())


def test_a_server_is_never_more_than_one_piece_ahead_of_its_reader() -> None:
    sent: list[int] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        for number in range(1000):
            await send(piece(b"%d\n" % number))
            sent.append(number)
        await send(piece(b"", more=False))

    async def story(client: httpx.AsyncClient, transport: MemoryTransport) -> None:
        async with client.stream("GET", "/") as answer:
            assert answer.headers.get_list("x-a") == ["1", "2"]
            pieces = answer.aiter_raw()
            for number in range(10):
                assert await anext(pieces) == b"%d\n" % number
                await asyncio.sleep(60)
                assert len(sent) <= number + 1
            assert len([each async for each in pieces]) == 990

    with_application(application, story)


@pytest.mark.parametrize("way", ["closed", "cancelled", "cancelled before the head"])
def test_a_server_is_told_when_its_reader_leaves_and_its_task_ends(way: str) -> None:
    log: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b"asked"
        try:
            if way != "cancelled before the head":
                await send(START)
            assert (await receive())["type"] == "http.disconnect"
            log.append("told")
        finally:
            log.append("ended")

    async def story(client: httpx.AsyncClient, transport: MemoryTransport) -> None:
        if way == "closed":
            async with client.stream("POST", "/", content=b"asked"):
                await asyncio.sleep(1)
        else:
            asking = asyncio.get_running_loop().create_task(client.post("/", content=b"asked", timeout=None))
            await asyncio.sleep(1)
            asking.cancel()
            await asyncio.wait({asking})
            assert asking.cancelled()
        assert log[-1] == "ended"
        assert transport.open_requests == 0

    with_application(application, story)


def test_a_server_that_says_nothing_runs_into_the_read_timeout_of_the_loops_clock() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(piece(b"a"))
        await receive()
        await receive()

    async def story(client: httpx.AsyncClient, transport: MemoryTransport) -> None:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/", timeout=3600)
        assert asyncio.get_running_loop().time() == pytest.approx(3600, abs=0.01)

    with_application(application, story)


def test_a_server_that_breaks_off_is_an_answer_that_ended_too_early() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/late":
            await send(START)
            await send(piece(b"half"))
        scope["extensions"]["simulator.abort"]()

    async def story(client: httpx.AsyncClient, transport: MemoryTransport) -> None:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await client.get("/early")
        got = []
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):  # noqa: PT012 what came before counts
            async with client.stream("GET", "/late") as answer:
                async for each in answer.aiter_raw():
                    got.append(each)  # noqa: PERF401
        assert got == [b"half"]

    with_application(application, story)


def test_watches_that_were_left_are_closed() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        for _ in range(20):
            async with api.stream("GET", MAPS, params={"watch": "1"}) as watch:
                await anext(watch.aiter_lines())
                assert simulator.state()["watches"] == 1
        assert simulator.state()["watches"] == 0

    play(story)


def test_a_stopped_server_cannot_be_reached_and_its_watches_end_cleanly_or_in_a_crash_do_not() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        for crash in (False, True):
            since = await make(api, f"a-{crash}".lower())
            ends: list[str] = []

            async def follow(since: str = since, ends: list[str] = ends) -> None:
                try:
                    query = {"watch": "1", "resourceVersion": since}
                    async with api.stream("GET", MAPS, params=query, timeout=60) as watch:
                        async for _ in watch.aiter_lines():
                            pass
                    ends.append("clean")
                except httpx.RemoteProtocolError:
                    ends.append("broken")

            task = asyncio.get_running_loop().create_task(follow())
            await asyncio.sleep(1)
            await simulator.stop_server(crash=crash)
            await task
            assert ends == (["broken"] if crash else ["clean"])
            with pytest.raises(httpx.ConnectError):
                await api.get(MAPS)
            await simulator.start_server()
            assert (await api.get(MAPS)).status_code == 200

    play(story)


def test_without_memory_a_restart_is_empty() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        await make(api, "a")
        await simulator.stop_server(keep=False)
        await simulator.start_server()
        assert (await api.get(f"{MAPS}/a")).status_code == 404

    play(story)


def test_a_cluster_in_which_nothing_happens_arms_no_timer_that_comes_back() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.load("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}")
        loop = asyncio.get_running_loop()
        await asyncio.sleep(2 * 86400)  # pods have started, events have ended
        steps = 0
        step = loop.advance  # type: ignore[attr-defined]

        def counted(seconds: float) -> None:
            nonlocal steps
            steps += 1
            step(seconds)

        loop.advance = counted  # type: ignore[attr-defined]
        await asyncio.sleep(365 * 86400)
        del loop.advance  # type: ignore[attr-defined]
        assert steps <= 365 + 2  # asyncio looks once a day at the longest
        assert (await api.get("/api/v1/namespaces/default/pods/a")).json()["status"]["phase"] == "Running"

    play(story)


def test_what_can_never_happen_is_an_error_and_no_hang() -> None:
    async def main() -> None:
        async with Simulator(Settings(sockets=False, seed=1)):
            await asyncio.sleep(7 * 86400)
            await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run_virtual(main())


def test_a_watch_goes_on_for_as_long_as_it_was_asked_for() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        since = await make(api, "a")
        query = {"watch": "1", "resourceVersion": since, "timeoutSeconds": "3000", "allowWatchBookmarks": "true"}
        async with api.stream("GET", MAPS, params=query, timeout=120) as watch:
            types = [json.loads(line)["type"] async for line in watch.aiter_lines()]
        assert set(types) == {"BOOKMARK"}
        assert 49 <= len(types) <= 51
        assert asyncio.get_running_loop().time() == pytest.approx(3000, abs=0.01)

    play(story)
