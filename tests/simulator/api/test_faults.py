"""Every fault, seen by a client, in virtual time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from simulator.api.faults import DropEventFault, LatencyFault, StatusFault
from simulator.simulator import Simulator
from tests.simulator.in_memory import MAPS, PODS, follow, make, play


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("fault", "status", "retry_after", "content_type"),
    [
        ({"code": 429}, 429, None, "application/json"),
        ({"code": 429, "retry_after": 3}, 429, "3", "application/json"),
        ({"code": 500}, 500, None, "application/json"),
        ({"code": 503}, 503, None, "application/json"),
        ({"code": 429, "plain": True, "retry_after": 1}, 429, "1", "text/plain; charset=utf-8"),
    ],
)
def test_a_status_is_answered_in_its_form(
    fault: dict[str, Any], status: int, retry_after: str | None, content_type: str
) -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.faults.add({"fault": {"type": "status", **fault}, "times": 1})
        answer = await api.get(PODS)
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
        assert answer.headers["content-type"] == content_type
        if "plain" in fault:
            assert answer.text == "Too many requests, please try again later.\n"
        else:
            assert (answer.json()["kind"], answer.json()["code"]) == ("Status", status)
        assert (await api.get(PODS)).status_code == 200

    play(story)


def test_a_fault_acts_only_on_what_it_matches() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        faults = simulator.faults
        for match in (
            {"verb": "get"},
            {"resource": "pods"},
            {"namespace": "kube-system"},
            {"name": "wanted"},
            {"user": "somebody"},
        ):
            faults.inject(StatusFault(503), **match)
            other = await api.get("/api/v1/namespaces/default/secrets")
            assert other.status_code == 200, match
            faults.clear()
        faults.inject(StatusFault(503), verb="list", resource="secrets", namespace="default", user="admin")
        assert (await api.get("/api/v1/namespaces/default/secrets")).status_code == 503

    play(story)


def test_a_share_hits_about_that_share_and_the_same_ones_again() -> None:
    runs: list[list[int]] = []

    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.faults.inject(StatusFault(500), share=0.3)
        runs.append([(await api.get(PODS)).status_code for _ in range(200)])

    play(story)
    play(story)
    assert runs[0] == runs[1]
    assert 30 < runs[0].count(500) < 90


def test_latency_and_jitter_delay_an_answer() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.faults.inject(LatencyFault(2.0, jitter=1.0), times=5)
        took = []
        for _ in range(5):
            began = now()
            assert (await api.get(PODS)).status_code == 200
            took.append(now() - began)
        assert all(2.0 <= each <= 3.0 for each in took)
        assert len(set(took)) == 5

    play(story)


def test_an_answer_breaks_off_in_the_middle_of_its_json() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.faults.add({"fault": {"type": "cut"}, "match": {"verb": "list"}, "times": 1})
        got = b""
        with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012 what came before is looked at
            async with api.stream("GET", PODS) as answer:
                async for piece in answer.aiter_raw():
                    got += piece
        assert got
        with pytest.raises(json.JSONDecodeError):
            json.loads(got)
        assert (await api.get(PODS)).status_code == 200

    play(story)


def test_a_watch_is_cut_ended_or_falls_silent_after_its_time() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        since = await make(api, "a")
        simulator.faults.add({"fault": {"type": "cut", "after": 2}, "match": {"verb": "watch"}, "times": 1})
        began = now()
        with pytest.raises(httpx.RemoteProtocolError):
            await follow(api, since, 60)
        assert now() - began == pytest.approx(2, abs=0.01)
        simulator.faults.add({"fault": {"type": "end", "after": 3}, "match": {"verb": "watch"}, "times": 1})
        began = now()
        assert await follow(api, since, 60) == []
        assert now() - began == pytest.approx(3, abs=0.01)
        simulator.faults.add({"fault": {"type": "silence"}, "match": {"verb": "watch"}, "times": 1})
        await make(api, "b")
        began = now()
        with pytest.raises(httpx.ReadTimeout):
            await follow(api, since, 60, timeout=100)
        assert now() - began == pytest.approx(100, abs=0.01)
        assert simulator.state()["watches"] == 0

    play(story)


def test_a_list_that_is_silent_answers_nothing() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.faults.add({"fault": {"type": "silence"}, "times": 1})
        with pytest.raises(httpx.ReadTimeout):
            await api.get(PODS, timeout=30)
        assert now() == pytest.approx(30, abs=0.01)

    play(story)


def test_a_slow_body_and_a_slow_watch_come_in_small_pieces() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        since = await make(api, "a")
        simulator.faults.add({"fault": {"type": "slow", "size": 7, "pause": 0.5}, "times": 2})
        async with api.stream("GET", MAPS) as answer:
            pieces = [piece async for piece in answer.aiter_raw()]
        assert {len(piece) for piece in pieces[:-1]} == {7}
        assert json.loads(b"".join(pieces))["kind"] == "ConfigMapList"
        assert now() >= 0.5 * (len(pieces) - 1)
        later = asyncio.get_running_loop().create_task(make(api, "b"))
        assert await follow(api, since, 300, timeout=None) == [("ADDED", "b")]
        await later

    play(story)


def test_a_list_is_empty_or_old() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        first = await make(api, "a")
        await make(api, "b")
        simulator.faults.add({"fault": {"type": "empty-list"}, "times": 1})
        assert (await api.get(MAPS)).json()["items"] == []
        simulator.faults.add({"fault": {"type": "stale-list", "behind": 1}, "times": 1})
        stale = (await api.get(MAPS)).json()
        names = [item["metadata"]["name"] for item in stale["items"]]
        assert "a" in names
        assert "b" not in names
        assert stale["metadata"]["resourceVersion"] == first
        assert "b" in (await api.get(MAPS)).text

    play(story)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"type": "drop-event"}, ["c"]),
        ({"type": "duplicate-event"}, ["b", "b", "c"]),
        ({"type": "delay-event", "seconds": 4}, ["b", "c"]),
    ],
)
def test_an_event_is_dropped_doubled_or_late(fault: dict[str, Any], expected: list[str]) -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        since = await make(api, "a")
        simulator.faults.add({"fault": fault, "match": {"verb": "watch", "resource": "configmaps"}, "times": 1})
        await make(api, "b")
        await make(api, "c")
        async with api.stream("GET", MAPS, params={"watch": "1", "resourceVersion": since}) as watch:
            lines = watch.aiter_lines()
            seen = [json.loads(await anext(lines))["object"]["metadata"]["name"] for _ in expected]
        assert seen == expected
        assert now() == pytest.approx(fault.get("seconds", 0), abs=0.01)

    play(story)


def test_bookmarks_stay_away_also_the_one_that_ends_the_initial_events() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        await make(api, "a")
        query = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": "5"}
        query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        seen = []
        for fault in ("", "no-bookmarks"):
            if fault:
                simulator.faults.add({"fault": {"type": fault}, "match": {"verb": "watch"}})
            async with api.stream("GET", MAPS, params=query, timeout=10) as watch:
                kinds = [json.loads(line)["type"] async for line in watch.aiter_lines()]
            seen.append((kinds.count("ADDED") > 0, kinds.count("BOOKMARK")))
        assert seen == [(True, 2), (True, 0)]

    play(story)


def test_expiry_is_forced_in_both_shapes_and_on_an_open_watch() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        since = await make(api, "a")
        watches = {"verb": "watch"}
        simulator.faults.add({"fault": {"type": "expired"}, "match": watches, "times": 1})
        assert await follow(api, since) == [("ERROR", "410")]
        simulator.faults.add({"fault": {"type": "expired", "http": True}, "match": watches, "times": 1})
        refused = await api.get(MAPS, params={"watch": "1", "resourceVersion": since})
        assert (refused.status_code, refused.json()["reason"]) == (410, "Expired")
        simulator.faults.add({"fault": {"type": "expired"}, "match": {"verb": "list"}, "times": 1})
        assert (await api.get(MAPS)).status_code == 410
        opened = asyncio.get_running_loop().create_task(follow(api, since, 60))
        await asyncio.sleep(1)
        simulator.faults.add({"fault": {"type": "expired"}, "match": watches, "times": 1})
        assert await opened == [("ERROR", "410")]
        assert now() == pytest.approx(1, abs=0.01)

    play(story)


def test_a_list_can_expire_in_the_middle_of_its_pages() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        for name in "abc":
            await make(api, name)
        simulator.faults.add({"fault": {"type": "expired"}, "match": {"continue": True}, "times": 1})
        page = await api.get(MAPS, params={"limit": "1"})
        assert page.status_code == 200
        rest = {"limit": "1", "continue": page.json()["metadata"]["continue"]}
        assert (await api.get(MAPS, params=rest)).status_code == 410
        assert (await api.get(MAPS, params=rest)).status_code == 200

    play(story)


def test_an_end_of_watches_is_not_used_up_by_a_list() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        since = await make(api, "a")
        id = simulator.faults.add({"fault": {"type": "end"}, "times": 1})
        assert (await api.get(MAPS)).status_code == 200
        assert (simulator.faults.get(id) or {})["used"] == 0
        assert await follow(api, since) == []
        assert (simulator.faults.get(id) or {})["used"] == 1

    play(story)


def test_what_makes_no_sense_is_refused() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        with pytest.raises(ValueError, match="code"):
            simulator.faults.inject(StatusFault(200))
        with pytest.raises(ValueError, match="not both"):
            simulator.faults.inject(DropEventFault(), times=1, share=0.5)
        with pytest.raises(ValueError, match="typo"):
            simulator.faults.add({"fault": {"type": "typo"}})

    play(story)
