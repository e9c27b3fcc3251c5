"""What refusals, failures and unreadable lines do to what the reflector holds: nothing."""

import itertools

import httpx
import pytest
import structlog

from edge.kube.reflector import Reflector
from edge.kube.resources import SLICES
from edge.tasks import Tasks
from tests.kube.reflecting import B2, A, B, C, following, names, opened
from tests.kube.support import (
    Dialogue,
    client,
    in_virtual_time,
    line,
    now,
    random,
    recorded,
    settle,
    status,
)

# 410, in both shapes


@in_virtual_time
async def test_a_relist_after_410_removes_only_what_is_gone():
    async with following() as it:
        stream = await opened(it, A, B)
        stream.send(line("ERROR", status(410, "Expired", "too old resource version: 1 (7)")))
        (await it.api.hear_list()).listed(20, B2, C)
        asked = await it.api.hear_watch()
        assert asked.params["resourceVersion"] == "20"
        assert it.told[-1] == (["b", "c"], ["a"])
        assert it.health == [(True, None)]


@in_virtual_time
async def test_the_recorded_error_event_of_an_expired_watch_relists():
    async with following() as it:
        stream = await opened(it, A)
        stream.send(recorded("watch-expired.jsonl"))
        stream.end()
        (await it.api.hear_list()).listed(20, A)
        await it.api.hear_watch()
        assert it.told == [(["a"], [])], "what is equal is not told again"


@pytest.mark.parametrize("reason", ["Expired", "Gone"])
@in_virtual_time
async def test_a_410_as_http_status_relists(reason):
    async with following() as it:
        stream = await opened(it, A, B)
        await settle(10.0)
        stream.end()
        (await it.api.hear_watch()).answer(410, status(410, reason, "too old resource version"))
        (await it.api.hear_list()).listed(30, A)
        await it.api.hear_watch()
        assert it.told[-1] == ([], ["b"])
        assert it.health == [(True, None)]


@in_virtual_time
async def test_a_410_on_every_watch_is_not_a_hot_loop():
    async with following() as it:
        (await it.api.hear_list()).listed(10, A)
        for version in range(20, 30):
            (await it.api.hear_watch()).answer(410, status(410, "Expired", "too old"))
            (await it.api.hear_list()).listed(version, A)
        assert now() > 5.0


@pytest.mark.parametrize(
    ("code", "message"),
    [(504, "Timeout: Too large resource version: 10, current: 3"), (400, "Invalid value: resourceVersion")],
)
@in_virtual_time
async def test_a_version_from_before_the_server_was_restored_relists(code, message):
    async with following() as it:
        stream = await opened(it, A)
        await settle(10.0)
        stream.end()
        (await it.api.hear_watch()).answer(code, status(code, "Timeout", message))
        (await it.api.hear_list()).listed(3, C)
        (await it.api.hear_list()).listed(3, C)
        await it.api.hear_watch()
        assert it.told[-1] == (["c"], ["a"])


# lines that cannot be read


@pytest.mark.parametrize(
    "garbage", [b"not json\n", b'{"type":"ADDED"}\n', b'{"type":"ADDED","object":[]}\n', b"\xff\xfe\n"]
)
@in_virtual_time
async def test_a_line_that_cannot_be_read_relists_and_loses_nothing(garbage):
    async with following() as it:
        stream = await opened(it, A)
        stream.send(garbage)
        asked = await it.api.hear_list()
        assert stream.closed
        assert names(it.reflector.objects.values()) == ["a"]
        asked.listed(20, A, C)
        await it.api.hear_watch()
        assert it.told[-1] == (["c"], [])


@in_virtual_time
async def test_an_event_type_of_the_future_is_passed_over():
    async with following() as it:
        stream = await opened(it, A)
        stream.send(line("SUGGESTED", C) + line("ADDED", B))
        await settle()
        assert it.told[1:] == [(["b"], [])]


@in_virtual_time
async def test_a_line_without_end_is_given_up():
    async with following() as it:
        stream = await opened(it, A)
        for _ in range(9):
            stream.send(b"x" * 2**20)
        (await it.api.hear_list()).listed(20, A)
        await it.api.hear_watch()
        assert it.told == [(["a"], [])]


# refusals and failures, each a state


@pytest.mark.parametrize(
    ("code", "body", "reason"),
    [
        (401, recorded("unauthorized.json"), "unauthorized"),
        (403, recorded("forbidden-pods.json"), "forbidden"),
        (404, b"404 page not found\n", "missing"),
        (500, status(500, "InternalError", "etcdserver: leader changed"), "failing"),
        (502, b"<html>bad gateway</html>", "failing"),
        (302, b"", "failing"),
        (200, b"<html>welcome</html>", "malformed"),
        (200, {"kind": "Status"}, "malformed"),
    ],
)
@in_virtual_time
async def test_a_refused_list_is_a_state_and_is_tried_again(code, body, reason):
    async with following() as it:
        (await it.api.hear_list()).answer(code, body)
        asked = await it.api.hear_list()
        assert it.health == [(False, reason)]
        assert it.told == []
        asked.listed(10, A)
        (await it.api.hear_watch()).stream()
        await settle()
        assert it.health == [(False, reason), (True, None)]


@in_virtual_time
async def test_rights_removed_while_watching_show_when_the_watch_ends_and_lose_nothing():
    async with following() as it:
        stream = await opened(it, A)
        await settle(35.0)
        stream.send(line("ADDED", B))
        stream.end()
        (await it.api.hear_watch()).answer(403, recorded("forbidden-pods.json"))
        asked = await it.api.hear_watch()
        assert it.health == [(True, None), (False, "forbidden")]
        assert names(it.reflector.objects.values()) == ["a", "b"]
        asked.answer(403, recorded("forbidden-pods.json"))
        asked = await it.api.hear_watch()
        assert asked.params["resourceVersion"] == "6", "given back its rights, it goes on where it was"
        asked.stream()
        await settle()
        assert it.health[-1] == (True, None)
        assert it.told[1:] == [(["b"], [])]


@in_virtual_time
async def test_pauses_grow_with_jitter_up_to_half_a_minute():
    async with following() as it:
        times = []
        for _ in range(14):
            asked = await it.api.hear_list()
            times.append(now())
            asked.fail(httpx.ConnectError("refused"))
        pauses = [after - before for before, after in itertools.pairwise(times)]
        assert pauses[0] <= 0.25
        assert 15.0 <= max(pauses) <= 30.0
        assert len(set(pauses)) == len(pauses)
        assert it.health == [(False, "unreachable")]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"Too many requests, please try again later.", {"retry-after": "9"}),
        (status(429, "TooManyRequests", "storage is (re)initializing", details={"retryAfterSeconds": 9}), {}),
    ],
)
@in_virtual_time
async def test_a_throttled_request_comes_back_when_the_server_asked(body, headers):
    async with following() as it:
        (await it.api.hear_list()).answer(429, body, headers)
        await it.api.hear_list()
        assert 9.0 <= now() <= 10.0
        assert it.health == [(False, "throttled")]


@in_virtual_time
async def test_a_server_that_does_not_answer_is_unreachable_within_its_deadlines():
    async with following() as it:
        asked = await it.api.hear_list()
        await it.api.hear_list()
        assert asked.given_up
        assert 10.0 <= now() <= 10.5
        assert it.health == [(False, "unreachable")]


@in_virtual_time
async def test_a_server_that_cannot_be_connected_to_is_unreachable_after_the_connect_timeout():
    async with following() as it:
        it.api.connects.clear()
        await settle(5.1)
        assert it.health == [(False, "unreachable")]


@in_virtual_time
async def test_a_page_that_stalls_is_given_up():
    async with following() as it:
        stream = (await it.api.hear_list()).stream()
        for _ in range(4):
            await settle(8.0)
            stream.send(b'{"kind":"List",'[:1])
        assert it.health == [], "each piece buys more time"
        await it.api.hear_list()
        assert now() < 43.0
        assert it.health == [(False, "unreachable")]
        assert stream.closed


@in_virtual_time
async def test_a_page_that_trickles_for_ever_is_given_up_after_a_minute():
    async with following() as it:
        stream = (await it.api.hear_list()).stream()
        for _ in range(13):
            await settle(5.0)
            stream.send(b" ")
        assert it.health == [(False, "unreachable")]


@pytest.mark.parametrize("event", [line("ADDED", B), line("DELETED", A), line("MODIFIED", {**A, "ports": None})])
@in_virtual_time
async def test_what_a_failing_listener_did_not_take_is_told_again_after_a_list(event):
    api = Dialogue()
    told = []

    def listen(changes):
        told.append((names(changes.put), names(changes.gone)))
        if len(told) == 2:
            raise ValueError("a listener's bug")

    reflector = Reflector(client(api), SLICES, random=random(), on_changes=listen, on_health=lambda: None)
    tasks = Tasks()
    tasks.start(reflector.run(), "reflector")
    (await api.hear_list()).listed(10, A)
    with structlog.testing.capture_logs() as logs:
        (await api.hear_watch()).stream().send(event)
        asked = await api.hear_list()
    assert [entry["log_level"] for entry in logs] == ["error"]
    asked.listed(20, {**A, "ports": None}) if b"MODIFIED" in event else asked.listed(
        20, *([A, B] if b"ADDED" in event else [C])
    )
    await api.hear_watch()
    assert told[2][0] or told[2][1]
    if b"ADDED" in event:
        assert told[2] == told[1]
    await tasks.close()
