"""The store: versions, history, watches, deletion, snapshots."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.errors import ApiError, Expired
from simulator.kinds.table import RESOURCES
from simulator.objects.selectors import parse
from simulator.store.store import Event, Store

PODS = RESOURCES.of("v1", "Pod")
MAPS = RESOURCES.of("v1", "ConfigMap")
DEPLOYMENTS = RESOURCES.of("apps/v1", "Deployment")
NAMESPACES = RESOURCES.of("v1", "Namespace")


class Clock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


def new() -> tuple[Store, Clock]:
    clock = Clock()
    return Store(clock, random.Random(1)), clock


def a_map(name: str, namespace: str = "default", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, **more}, "data": {"a": "1"}}


def a_pod(name: str, node: str = "node-1") -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": "i:1"}], "nodeName": node}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


def test_one_seed_gives_the_same_names_and_uids() -> None:
    made = []
    for _ in range(2):
        store, _clock = new()
        made.append(store.create(MAPS, {"metadata": {"generateName": "a-", "namespace": "default"}})["metadata"])
    assert made[0] == made[1]
    assert made[0]["name"].startswith("a-")


def test_every_write_raises_the_one_revision_and_an_equal_write_is_none() -> None:
    store, _ = new()
    made = store.create(MAPS, a_map("a"))
    again = store.update(MAPS, made)
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"] == str(store.revision)
    changed = store.update(MAPS, {**made, "data": {"a": "2"}})
    assert int(changed["metadata"]["resourceVersion"]) == int(made["metadata"]["resourceVersion"]) + 1


def test_an_object_given_out_is_nobody_elses() -> None:
    store, _ = new()
    store.create(MAPS, a_map("a"))
    found = store.get(MAPS, "default", "a")
    assert found is not None
    found["data"]["a"] = "spoiled"
    assert store.get(MAPS, "default", "a")["data"] == {"a": "1"}  # type: ignore[index]


def test_a_stale_version_or_another_uid_is_a_conflict() -> None:
    store, _ = new()
    made = store.create(MAPS, a_map("a"))
    store.update(MAPS, {**made, "data": {"a": "2"}})
    with pytest.raises(ApiError, match="the object has been modified") as stale:
        store.update(MAPS, {**made, "data": {"a": "3"}})
    assert stale.value.code == 409
    with pytest.raises(ApiError, match="UID in precondition: other"):
        store.delete(MAPS, "default", "a", preconditions={"uid": "other"})


def test_only_a_change_of_the_spec_raises_the_generation_and_status_is_a_world_of_its_own() -> None:
    store, _ = new()
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = store.create(DEPLOYMENTS, {"metadata": {"name": "d", "namespace": "default"}, "spec": spec})
    assert made["metadata"]["generation"] == 1
    with_status = store.update(DEPLOYMENTS, {**made, "status": {"replicas": 3}}, subresource="status")
    assert (with_status["metadata"]["generation"], with_status["status"]) == (1, {"replicas": 3})
    scaled = store.update(DEPLOYMENTS, {**with_status, "spec": {**with_status["spec"], "replicas": 5}, "status": {}})
    assert (scaled["metadata"]["generation"], scaled["status"]) == (2, {"replicas": 3})
    labelled = store.update(DEPLOYMENTS, {**scaled, "metadata": {**scaled["metadata"], "labels": {"x": "y"}}})
    assert labelled["metadata"]["generation"] == 2


def test_a_pod_ends_gracefully_and_its_last_deletion_shows_as_a_change_and_a_deletion() -> None:
    store, clock = new()
    store.create(PODS, a_pod("p"))
    ending = store.delete(PODS, "default", "p", grace_seconds=10)
    assert ending["metadata"]["deletionTimestamp"] == "2026-11-22T08:00:10Z"
    assert ending["metadata"]["generation"] == 2
    clock.moment += timedelta(seconds=2)
    seen: list[Event] = []
    store.subscribe(seen.append)
    store.delete(PODS, "default", "p", grace_seconds=0)
    assert [event.type for event in seen] == ["MODIFIED", "DELETED"]
    assert seen[0].object["metadata"]["deletionTimestamp"] == "2026-11-22T08:00:02Z"
    assert store.get(PODS, "default", "p") is None


def test_a_pod_without_a_node_goes_at_once() -> None:
    store, _ = new()
    store.create(PODS, a_pod("p", node=""))
    store.delete(PODS, "default", "p")
    assert store.get(PODS, "default", "p") is None


def test_finalizers_hold_an_object_until_the_last_is_gone() -> None:
    store, _ = new()
    made = store.create(MAPS, a_map("a", finalizers=["example.com/hold"]))
    held = store.delete(MAPS, "default", "a")
    assert held["metadata"]["deletionTimestamp"]
    held["metadata"]["finalizers"] = []
    store.update(MAPS, held)
    assert store.get(MAPS, "default", "a") is None
    assert made["metadata"]["uid"] == held["metadata"]["uid"]


def test_a_namespace_waits_for_its_own_finalizer() -> None:
    store, _ = new()
    store.create(NAMESPACES, {"metadata": {"name": "n"}})
    ending = store.delete(NAMESPACES, None, "n")
    assert ending["status"] == {"phase": "Terminating"}
    store.update(NAMESPACES, {**ending, "spec": {"finalizers": []}}, subresource="finalize")
    assert store.get(NAMESPACES, None, "n") is None


def test_subscribers_hear_writes_in_order_even_when_one_of_them_writes() -> None:
    store, _ = new()
    heard: list[str] = []

    def answer(event: Event) -> None:
        if event.name == "a":
            store.create(MAPS, a_map("b"))

    store.subscribe(answer)
    store.subscribe(lambda event: heard.append(event.name))
    store.create(MAPS, a_map("a"))
    assert heard == ["a", "b"]


async def test_a_watch_sees_every_change_after_its_start_and_none_before() -> None:
    store, _ = new()
    store.create(MAPS, a_map("old"))
    watch = store.watch(MAPS, since=store.revision)
    store.create(MAPS, a_map("new"))
    store.delete(MAPS, "default", "old")
    assert [(event.type, event.record.name) for event in await watch.batch()] == [("ADDED", "new"), ("DELETED", "old")]


async def test_a_watch_from_now_begins_with_what_is_there_by_key() -> None:
    store, _ = new()
    for name in ("b", "a"):
        store.create(MAPS, a_map(name))
    watch = store.watch(MAPS)
    assert [event.record.name for event in await watch.batch()] == ["a", "b"]


async def test_what_starts_and_stops_matching_is_added_and_deleted_with_its_old_content() -> None:
    store, _ = new()
    watch = store.watch(MAPS, selector=parse(MAPS, "app=web", ""))
    made = store.create(MAPS, a_map("a"))
    matching = store.update(MAPS, {**made, "metadata": {**made["metadata"], "labels": {"app": "web"}}})
    gone = store.update(MAPS, {**matching, "metadata": {**matching["metadata"], "labels": {}}, "data": {}})
    first, second = await watch.batch()
    assert (first.type, second.type) == ("ADDED", "DELETED")
    assert second.object["data"] == {"a": "1"}
    assert second.object["metadata"]["resourceVersion"] == gone["metadata"]["resourceVersion"]


async def test_a_waiting_watch_is_woken_by_a_write() -> None:
    store, _ = new()
    watch = store.watch(MAPS, since=store.revision)
    waiting = asyncio.get_running_loop().create_task(watch.batch())
    await asyncio.sleep(0)
    store.create(MAPS, a_map("a"))
    assert [event.record.name for event in await waiting] == ["a"]


async def test_a_line_is_encoded_once_for_all_watches() -> None:
    store, _ = new()
    watches = [store.watch(MAPS, since=store.revision) for _ in range(3)]
    store.create(MAPS, a_map("a"))
    lines = [(await watch.batch())[0].frame() for watch in watches]
    assert lines[0] is lines[1] is lines[2]


async def test_compaction_ends_watches_that_lag_and_refuses_old_starts() -> None:
    store, _ = new()
    watch = store.watch(MAPS, since=store.revision)
    begun = store.revision
    store.create(MAPS, a_map("a"))
    store.compact()
    with pytest.raises(Expired, match="too old resource version"):
        await watch.batch()
    with pytest.raises(Expired):
        store.watch(MAPS, since=begun)
    assert store.watch(MAPS, since=store.revision).ready() == []


def test_history_older_than_its_window_is_forgotten() -> None:
    store, clock = new()
    begun = store.revision
    store.create(MAPS, a_map("a"))
    clock.moment += timedelta(minutes=11)
    store.create(MAPS, a_map("b"))
    with pytest.raises(Expired):
        store.watch(MAPS, since=begun)


def test_pages_of_a_list_agree_with_each_other_whatever_happens_meanwhile() -> None:
    store, _ = new()
    for number in range(10):
        store.create(MAPS, a_map(f"m{number}"))
    at = store.revision
    first, remaining = store.snapshot(MAPS, revision=at, limit=4)
    store.delete(MAPS, "default", "m5")
    store.create(MAPS, a_map("m55"))
    changed = store.get(MAPS, "default", "m8")
    assert changed is not None
    store.update(MAPS, {**changed, "data": {"a": "later"}})
    rest, _ = store.snapshot(MAPS, revision=at, after=first[-1].key)
    assert remaining == 6
    assert [record.name for record in (*first, *rest)] == [f"m{number}" for number in range(10)]
    assert rest[-2].decode()["data"] == {"a": "1"}


def test_a_dry_run_writes_nothing() -> None:
    store, _ = new()
    before = store.revision
    made = store.create(MAPS, a_map("a"), dry_run=True)
    assert made["metadata"]["uid"]
    assert (store.revision, store.count(MAPS)) == (before, 0)


async def test_any_sequence_of_writes_leaves_a_watcher_with_what_a_list_shows() -> None:
    chance = random.Random(7)
    store, _ = new()
    watch = store.watch(MAPS, selector=parse(MAPS, "keep", ""))
    seen: dict[str, str] = {}
    for _ in range(400):
        name = f"m{chance.randrange(12)}"
        found = store.get(MAPS, "default", name)
        labels = {"keep": "yes"} if chance.random() < 0.6 else {}
        if found is None:
            store.create(MAPS, a_map(name, labels=labels))
        elif chance.random() < 0.3:
            store.delete(MAPS, "default", name)
        else:
            metadata = {**found["metadata"], "labels": labels}
            store.update(MAPS, {**found, "metadata": metadata, "data": {"n": str(chance.random())}})
        if chance.random() < 0.3:
            apply(watch.ready(), seen)
    apply(watch.ready(), seen)
    listed = store.records(MAPS, selector=parse(MAPS, "keep", ""))
    assert seen == {record.name: record.full().decode() for record in listed}


def apply(events: list[Any], seen: dict[str, str]) -> None:
    for event in events:
        if event.type == "DELETED":
            assert seen.pop(event.record.name)
        else:
            assert (event.record.name in seen) is (event.type == "MODIFIED")
            seen[event.record.name] = event.record.full().decode()
