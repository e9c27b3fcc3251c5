"""Dialogues with an API server, in virtual time: it says bytes, the reflector asks, holds and tells."""

import asyncio
import itertools
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
import structlog

from edge import virtual_time
from edge.kube.reflector import Changes, Reflector, difference
from edge.kube.resources import NAMESPACES, SLICES
from edge.kube.transitions import State
from edge.tasks import Tasks
from tests.kube.support import (
    Dialogue,
    Stream,
    client,
    in_virtual_time,
    line,
    meta,
    now,
    random,
    recorded,
    settle,
    slice_,
    status,
)

A = slice_("a", "web", {"10.0.0.1": "ready"}, 5)
B = slice_("b", "web", {"10.0.0.2": "ready"}, 6)
B2 = slice_("b", "web", {"10.0.0.2": "ending"}, 12)
C = slice_("c", "web", {"10.0.0.3": "ready"}, 13)


def names(objects):
    return sorted(object.metadata.name for object in objects)


@asynccontextmanager
async def following(resource=SLICES, namespace=""):
    """A running reflector, what it told, and the API server that the test plays."""
    api = Dialogue()
    told = []
    health = []
    tasks = Tasks()
    reflector = Reflector(
        client(api),
        resource,
        namespace,
        random=random(),
        on_changes=lambda changes: told.append((names(changes.put), names(changes.gone))),
        on_health=lambda: health.append((reflector.live, reflector.fault and reflector.fault.reason)),
    )
    task = tasks.start(reflector.run(), "reflector")
    try:
        yield SimpleNamespace(api=api, told=told, health=health, reflector=reflector, task=task)
    finally:
        assert not task.done(), "a reflector never ends by itself"
        await tasks.close()


async def opened(it, *objects, version=10) -> Stream:
    """Past the first list, with an open watch."""
    (await it.api.hear_list()).listed(version, *objects)
    stream = (await it.api.hear_watch()).stream()
    await settle()
    return stream


# listing


@in_virtual_time
async def test_the_first_list_is_told_and_the_watch_begins_at_its_version():
    async with following() as it:
        asked = await it.api.hear_list()
        assert (asked.path, asked.params) == ("/apis/discovery.k8s.io/v1/endpointslices", {"limit": "500"})
        asked.listed(10, A, B)
        asked = await it.api.hear_watch()
        assert asked.params["resourceVersion"] == "10"
        assert asked.params["allowWatchBookmarks"] == "true"
        assert 30 <= int(asked.params["timeoutSeconds"]) <= 40
        assert it.told == [(["a", "b"], [])]
        assert not it.reflector.live
        asked.stream()
        await settle()
        assert it.reflector.live
        assert it.health == [(True, None)]


@in_virtual_time
async def test_a_namespace_is_asked_for_by_its_path():
    async with following(namespace="shop") as it:
        assert (await it.api.hear_list()).path == "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"


@in_virtual_time
async def test_a_list_is_read_page_by_page():
    async with following() as it:
        (await it.api.hear_list()).listed(10, A, token="next-page")
        asked = await it.api.hear_list()
        assert asked.params == {"limit": "500", "continue": "next-page"}
        assert it.told == []
        asked.listed(10, B)
        await it.api.hear_watch()
        assert it.told == [(["a", "b"], [])]


@in_virtual_time
async def test_an_expired_continue_token_begins_the_list_again_and_at_once():
    async with following() as it:
        (await it.api.hear_list()).listed(10, A, token="old")
        (await it.api.hear_list()).answer(410, status(410, "Expired", "The provided continue parameter is too old"))
        asked = await it.api.hear_list()
        assert asked.params == {}, "a list that expires is asked for whole the next time"
        asked.listed(11, A, B)
        await it.api.hear_watch()
        assert it.told == [(["a", "b"], [])]


@in_virtual_time
async def test_a_list_that_expires_whole_is_a_state_and_not_an_endless_loop():
    async with following() as it:
        for _ in range(6):
            (await it.api.hear_list()).answer(410, status(410, "Expired", "too old"))
        await settle()
        assert it.health == [(False, "expired")]
        assert now() > 1.0


@in_virtual_time
async def test_a_list_whose_pages_never_end_is_refused():
    async with following() as it:
        (await it.api.hear_list()).listed(10, A, token="same")
        (await it.api.hear_list()).listed(10, A, token="same")
        await settle()
        assert it.health == [(False, "malformed")]


@in_virtual_time
async def test_null_items_and_null_lists_inside_are_legal():
    bare = {"metadata": meta("bare", 3), "addressType": "IPv4", "endpoints": None, "ports": None}
    async with following() as it:
        (await it.api.hear_list()).listed(10, bare)
        await it.api.hear_watch()
        assert it.told == [(["bare"], [])]


@in_virtual_time
async def test_one_object_that_cannot_be_read_does_not_hide_the_others():
    broken = {**B, "ports": "none"}
    async with following() as it:
        stream = await opened(it, A, broken)
        assert it.told == [(["a"], [])]
        assert list(it.reflector.unreadable) == [("default", "b")]
        stream.send(line("MODIFIED", B2))
        await settle()
        assert it.told[-1] == (["b"], [])
        assert it.reflector.unreadable == {}


@in_virtual_time
async def test_an_object_that_becomes_unreadable_keeps_its_last_readable_version():
    async with following() as it:
        stream = await opened(it, A, B)
        stream.send(line("MODIFIED", {**B2, "endpoints": 7}))
        stream.send(line("ERROR", status(410, "Expired", "too old")))
        (await it.api.hear_list()).listed(20, A, {**B2, "endpoints": 7})
        await it.api.hear_watch()
        assert names(it.reflector.objects.values()) == ["a", "b"]
        assert it.told == [(["a", "b"], [])]


# an empty or older list is not believed by itself


@in_virtual_time
async def test_an_empty_first_list_is_read_again_before_it_is_believed():
    async with following() as it:
        (await it.api.hear_list()).listed(10)
        asked = await it.api.hear_list()
        assert 0.5 <= now() <= 1.1
        assert it.told == []
        asked.listed(11, A)
        await it.api.hear_watch()
        assert it.told == [(["a"], [])]


@in_virtual_time
async def test_an_empty_relist_that_a_fresh_read_does_not_confirm_removes_nothing():
    async with following() as it:
        stream = await opened(it, A, B)
        stream.send(line("ERROR", status(410, "Expired", "too old")))
        (await it.api.hear_list()).listed(20)
        (await it.api.hear_list()).listed(21, A, B)
        await it.api.hear_watch()
        assert it.told == [(["a", "b"], [])]


@in_virtual_time
async def test_an_empty_relist_that_a_fresh_read_confirms_is_believed():
    async with following() as it:
        stream = await opened(it, A, B)
        stream.send(line("ERROR", status(410, "Expired", "too old")))
        (await it.api.hear_list()).listed(20)
        (await it.api.hear_list()).listed(21)
        await it.api.hear_watch()
        assert it.told[-1] == ([], ["a", "b"])


@in_virtual_time
async def test_an_empty_list_followed_by_an_error_removes_nothing():
    async with following() as it:
        stream = await opened(it, A)
        stream.send(line("ERROR", status(410, "Expired", "too old")))
        (await it.api.hear_list()).listed(20)
        (await it.api.hear_list()).answer(500, b"broken")
        (await it.api.hear_list()).listed(22)
        (await it.api.hear_list()).listed(23, A)
        await it.api.hear_watch()
        assert it.told == [(["a"], [])]


@in_virtual_time
async def test_an_older_list_of_a_lagging_replica_is_not_believed_until_confirmed():
    async with following() as it:
        stream = await opened(it, A, B, version=100)
        stream.send(line("ERROR", status(410, "Expired", "too old")))
        (await it.api.hear_list()).listed(90, A)
        (await it.api.hear_list()).listed(101, A, B)
        stream = (await it.api.hear_watch()).stream()
        assert it.told == [(["a", "b"], [])]
        stream.send(line("ERROR", status(410, "Expired", "restored from a backup")))
        (await it.api.hear_list()).listed(90, A)
        (await it.api.hear_list()).listed(91, A)
        assert (await it.api.hear_watch()).params["resourceVersion"] == "91"
        assert it.told[-1] == ([], ["b"])


# watching


@in_virtual_time
async def test_each_event_is_told_once_and_in_order():
    async with following() as it:
        stream = await opened(it, A, B)
        stream.send(line("ADDED", C) + line("MODIFIED", B2) + line("DELETED", A))
        await settle()
        assert it.told == [(["a", "b"], []), (["c"], []), (["b"], []), ([], ["a"])]


@in_virtual_time
async def test_the_recorded_watch_of_a_rollout_ends_with_one_endpoint():
    async with following() as it:
        stream = await opened(it, A)
        stream.send(recorded("watch-endpointslices.jsonl"))
        await settle()
        held = it.reflector.objects["default", "test-hello-ctrkl"]
        assert [one.addresses for one in held.endpoints] == [["10.244.73.1"]]
        assert it.told[1:] == [(["test-hello-ctrkl"], [])] * 6


@in_virtual_time
async def test_a_recorded_watch_sliced_anywhere_is_the_same_watch():
    whole = recorded("watch-namespaces-timeout.jsonl")
    for size in (1, 2, 7, 100, 1000):
        async with following(NAMESPACES) as it:
            (await it.api.hear_list()).listed(0, {"metadata": {"name": "old", "resourceVersion": "1"}})
            stream = (await it.api.hear_watch()).stream()
            for start in range(0, len(whole), size):
                stream.send(whole[start : start + size])
            await settle(6.0)
            stream.end()
            assert (await it.api.hear_watch()).params["resourceVersion"] == "498", "the bookmark's version"
            assert [put for put, _ in it.told[1:]] == [
                ["default"],
                ["kube-node-lease"],
                ["kube-public"],
                ["kube-system"],
            ]


@in_virtual_time
async def test_a_watch_that_ended_as_asked_resumes_at_once_from_the_last_version():
    async with following() as it:
        stream = await opened(it, A)
        stream.send(line("ADDED", C))
        await settle(31.0)
        ended = now()
        stream.end()
        asked = await it.api.hear_watch()
        assert asked.params["resourceVersion"] == "13"
        assert now() == ended
        assert it.health == [(True, None)], "the end of a watch is no news"


@in_virtual_time
async def test_a_bookmark_moves_the_version_on():
    async with following() as it:
        stream = await opened(it, A)
        stream.send(
            line("BOOKMARK", {"kind": "EndpointSlice", "metadata": {"resourceVersion": "77"}, "endpoints": None})
        )
        await settle(6.0)
        stream.end()
        assert (await it.api.hear_watch()).params["resourceVersion"] == "77"
        assert it.told == [(["a"], [])]


@in_virtual_time
async def test_a_half_open_watch_is_cut_five_seconds_after_it_should_have_ended():
    async with following() as it:
        (await it.api.hear_list()).listed(10, A)
        asked = await it.api.hear_watch()
        promised = int(asked.params["timeoutSeconds"])
        stream = asked.stream()
        await it.api.hear_watch()
        assert promised + 5 <= now() <= promised + 5.1
        assert now() < 60
        assert it.reflector.heard.timestamp() - virtual_time.EPOCH < 1, "nothing was heard since it opened"
        assert stream.closed


@in_virtual_time
async def test_a_watch_cut_in_the_middle_of_a_line_resumes_before_that_line():
    async with following() as it:
        stream = await opened(it, A)
        stream.send(line("MODIFIED", B2) + line("ADDED", C)[:50])
        stream.end()
        asked = await it.api.hear_watch()
        assert asked.params["resourceVersion"] == "12"
        asked.stream().send(line("ADDED", C))
        await settle()
        assert it.told == [(["a"], []), (["b"], []), (["c"], [])]
        assert it.health == [(True, None)]


@in_virtual_time
async def test_one_reset_connection_is_mended_at_once_and_is_no_news():
    async with following() as it:
        stream = await opened(it, A)
        await settle(3.0)
        before = now()
        stream.cut()
        asked = await it.api.hear_watch()
        assert now() == before
        asked.stream()
        await settle()
        assert it.health == [(True, None)]


@in_virtual_time
async def test_watches_that_keep_breaking_are_reopened_ever_more_slowly_and_told_of():
    async with following() as it:
        stream = await opened(it, A)
        times = []
        for _ in range(8):
            stream.cut()
            asked = await it.api.hear_watch()
            times.append(now())
            stream = asked.stream()
        pauses = [after - before for before, after in itertools.pairwise(times)]
        assert pauses[0] > 0.1
        assert max(pauses) <= 2.0
        assert it.reflector.trouble is not None
        await settle(6.0)
        stream.end()
        await it.api.hear_watch()
        assert it.reflector.trouble is None


@in_virtual_time
async def test_a_watch_that_ends_at_once_again_and_again_is_not_asked_for_in_a_hot_loop():
    async with following() as it:
        stream = await opened(it, A)
        started = now()
        for _ in range(10):
            stream.end()
            stream = (await it.api.hear_watch()).stream()
        assert now() - started > 5.0


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


def test_the_difference_is_what_changed_and_what_went():
    assert difference({1: "a", 2: "b", 3: "c"}, {2: "b", 3: "d", 4: "e"}) == Changes(("d", "e"), ("a",))


@in_virtual_time
async def test_its_repr_says_where_it_stands():
    async with following(namespace="shop") as it:
        await opened(it, A)
        assert it.reflector.state is State.WATCHING
        assert repr(it.reflector) == "<Reflector endpointslices.discovery.k8s.io in shop watching 1 at 10>"
        assert asyncio.get_running_loop().time() < 1
