"""How the reflector lists: pages, null lists, lists that are not believed."""

from tests.kube.reflecting import B2, A, B, following, names, opened
from tests.kube.support import (
    in_virtual_time,
    line,
    meta,
    now,
    settle,
    status,
)

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
