"""Dialogues with an API server, in virtual time: it says bytes, the reflector asks, holds and tells."""

import asyncio
import itertools

from edge import virtual_time
from edge.kube.reflector import Changes, difference
from edge.kube.resources import NAMESPACES
from edge.kube.transitions import State
from tests.kube.reflecting import B2, A, B, C, following, opened
from tests.kube.support import (
    in_virtual_time,
    line,
    now,
    recorded,
    settle,
)

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


def test_the_difference_is_what_changed_and_what_went():
    assert difference({1: "a", 2: "b", 3: "c"}, {2: "b", 3: "d", 4: "e"}) == Changes(("d", "e"), ("a",))


@in_virtual_time
async def test_its_repr_says_where_it_stands():
    async with following(namespace="shop") as it:
        await opened(it, A)
        assert it.reflector.state is State.WATCHING
        assert repr(it.reflector) == "<Reflector endpointslices.discovery.k8s.io in shop watching 1 at 10>"
        assert asyncio.get_running_loop().time() < 1
