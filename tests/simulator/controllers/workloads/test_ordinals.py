"""The StatefulSet decision on made-up pods."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulator.controllers.workloads.ordinals import HASH, Want, decide, ordinal_of, status
from tests.simulator.controllers.pods_for_tests import pod


def want(**more: Any) -> Want:
    return Want(**{"replicas": 3, "current": "web-a", "newest": "web-a", **more})


def web(ordinal: int, revision: str = "web-a", **more: Any) -> Any:
    return pod(f"web-{ordinal}", labels={HASH: revision}, **more)


def test_pods_are_made_one_after_the_other() -> None:
    assert decide(want(), {}).create == ((0, "web-a"),)
    assert decide(want(), {0: web(0, ready=False)}).create == ()
    assert decide(want(), {0: web(0)}).create == ((1, "web-a"),)


def test_the_next_waits_until_a_pod_has_been_ready_for_long_enough() -> None:
    """The pods of these tests are ready since a second after midnight."""
    for second, made in ((5, ()), (11, ((1, "web-a"),))):
        now = datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)
        assert decide(want(minimum=10, now=now), {0: web(0)}).create == made


def test_in_parallel_all_are_made_at_once() -> None:
    step = decide(want(parallel=True), {1: web(1, ready=False)})
    assert [ordinal for ordinal, _ in step.create] == [0, 2]


def test_the_highest_goes_first_and_alone_and_only_while_all_others_are_healthy() -> None:
    pods = {number: web(number) for number in range(5)}
    assert [p.name for p in decide(want(), pods).delete] == ["web-4"]
    pods[4] = web(4, terminating=True)
    assert decide(want(), pods).delete == ()
    assert decide(want(), {**pods, 1: web(1, ready=False)}).delete == ()
    assert [p.name for p in decide(want(parallel=True), pods).delete] == ["web-3"]


def test_an_ended_pod_is_deleted_to_be_made_again() -> None:
    assert [p.name for p in decide(want(), {0: web(0, phase="Failed", ready=False)}).delete] == ["web-0"]


def test_an_update_goes_from_the_highest_down_to_the_partition_one_healthy_pod_at_a_time() -> None:
    rolling = want(newest="web-b", partition=1)
    pods = {0: web(0), 1: web(1), 2: web(2)}
    assert [p.name for p in decide(rolling, pods).delete] == ["web-2"]
    pods[2] = web(2, "web-b", ready=False)
    assert decide(rolling, pods).delete == ()
    pods[2] = web(2, "web-b")
    assert [p.name for p in decide(rolling, pods).delete] == ["web-1"]
    pods[1] = web(1, "web-b")
    assert decide(rolling, pods).delete == ()
    del pods[0]
    assert decide(rolling, pods).create == ((0, "web-a"),)


def test_on_delete_nothing_is_ended_for_an_update() -> None:
    assert decide(want(newest="web-b", rolling=False), {n: web(n) for n in range(3)}).delete == ()


def test_ordinals_may_start_anywhere() -> None:
    assert decide(want(start=5), {}).create == ((5, "web-a"),)
    assert [p.name for p in decide(want(start=1), {n: web(n) for n in range(4)}).delete] == ["web-0"]


def test_a_finished_update_makes_the_newest_revision_the_current_one() -> None:
    pods = [web(0, "web-b"), web(1, "web-b")]
    found = status(want(replicas=2, newest="web-b"), pods, 2, 4, {})
    assert (found["currentRevision"], found["currentReplicas"]) == ("web-b", 2)
    found = status(want(replicas=2, newest="web-b"), [web(0), pods[1]], 2, 4, {})
    assert (found["currentRevision"], found["currentReplicas"], found["updatedReplicas"]) == ("web-a", 1, 1)


def test_only_a_number_behind_the_sets_name_is_an_ordinal() -> None:
    names = ("web-0", "web-12", "web-x", "other-1", "web-1-2")
    assert [ordinal_of("web", name) for name in names] == [0, 12, None, None, None]
