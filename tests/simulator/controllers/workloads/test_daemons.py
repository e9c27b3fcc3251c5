"""The DaemonSet decision on made-up nodes and pods."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulator.controllers.workloads.daemons import Step, Update, decide, pod_spec, roll, status, update_of
from simulator.controllers.workloads.ordinals import HASH
from tests.simulator.controllers.pods_for_tests import pod

NOW = datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)
"""Nine seconds after the pods of these tests became ready."""
UPDATE = Update("new", NOW)
SPEC = pod_spec({"spec": {"nodeSelector": {"disk": "ssd"}}})


def node(name: str, disk: str = "ssd", taints: Any = ()) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"disk": disk}}, "spec": {"taints": list(taints)}}


def taint(key: str, effect: str) -> dict[str, str]:
    return {"key": key, "effect": effect}


def test_each_node_that_fits_gets_one_and_no_other() -> None:
    nodes = [node("a"), node("b", disk="slow"), node("c", taints=[taint("private", "NoSchedule")])]
    assert decide(SPEC, nodes, {}, UPDATE).create == ("a",)


def test_a_cordoned_or_unready_node_keeps_its_pod() -> None:
    cordoned = node("a", taints=[taint("node.kubernetes.io/unschedulable", "NoSchedule")])
    assert decide(SPEC, [cordoned], {}, UPDATE).create == ("a",)
    unready = node(
        "a", taints=[taint("node.kubernetes.io/not-ready", effect) for effect in ("NoSchedule", "NoExecute")]
    )
    assert decide(SPEC, [unready], {"a": [pod("p1")]}, UPDATE).delete == ()
    assert decide(SPEC, [unready], {}, UPDATE).create == ()


def test_what_should_not_run_there_is_ended() -> None:
    first, second = pod("p1", created="2026-01-01T00:00:00Z"), pod("p2", created="2026-01-02T00:00:00Z")
    assert decide(SPEC, [node("a")], {"a": [second, first]}, UPDATE).delete == (second,)
    assert decide(SPEC, [node("a", disk="slow")], {"a": [first]}, UPDATE).delete == (first,)
    assert decide(SPEC, [], {"gone": [first]}, UPDATE).delete == (first,)
    assert decide(SPEC, [node("a")], {"a": [pod("p1", phase="Failed")]}, UPDATE).delete


def test_a_roll_ends_unready_old_pods_at_once_and_ready_ones_within_the_limit() -> None:
    pods = {name: [pod(f"p-{name}", labels={HASH: "old"}, ready=name != "b")] for name in "abc"}
    assert [p.name for p in roll("abc", pods, Update("new", NOW, unavailable=2)).delete] == ["p-b", "p-a"]
    assert [p.name for p in roll("abc", pods, Update("new", NOW)).delete] == ["p-b"]
    assert roll("abc", pods, Update("old", NOW)) == Step()


def test_a_pod_is_available_when_it_has_been_ready_for_long_enough() -> None:
    pods = {name: [pod(f"p-{name}", labels={HASH: "new" if name == "a" else "old"})] for name in "ab"}
    assert [p.name for p in roll("ab", pods, Update("new", NOW, minimum=9)).delete] == ["p-b"]
    waiting = Update("new", NOW, minimum=30)
    assert pods["a"][0].wait(30, NOW) == 21
    assert [p.name for p in roll("ab", {**pods, "b": [pod("p-b", labels={HASH: "new"})]}, waiting).delete] == []
    counts = status({"metadata": {}, "spec": {}}, SPEC, [node("a"), node("b")], pods, waiting)
    assert (counts["numberReady"], counts.get("numberAvailable"), counts["numberUnavailable"]) == (2, None, 2)


def test_with_surge_a_new_pod_is_made_beside_the_old_one_which_goes_when_that_is_available() -> None:
    old = {name: [pod(f"old-{name}", labels={HASH: "old"})] for name in "abc"}
    surging = Update("new", NOW, surge=1, unavailable=0, minimum=5)
    assert roll("abc", old, surging) == Step(create=("a",))
    coming = pod("new-a", labels={HASH: "new"}, ready=False)
    both = {**old, "a": [*old["a"], coming]}
    nodes = [node(name) for name in "abc"]
    assert decide(SPEC, nodes, both, surging) == Step()
    assert roll("abc", both, surging) == Step()
    there = {**old, "a": [*old["a"], pod("new-a", labels={HASH: "new"})]}
    assert [p.name for p in decide(SPEC, nodes, there, surging).delete] == ["old-a"]
    failing = {**old, "b": [pod("old-b", labels={HASH: "old"}, ready=False)]}
    assert roll("abc", failing, surging) == Step(create=("b", "a"))


def test_the_limit_is_a_number_or_a_share_and_never_nothing() -> None:
    for rolling, limits in (
        ({"maxUnavailable": 1}, (0, 1)),
        ({"maxUnavailable": "30%"}, (0, 3)),
        ({"maxUnavailable": "1%"}, (0, 1)),
        ({"maxUnavailable": 0}, (0, 1)),
        ({"maxUnavailable": 0, "maxSurge": "15%"}, (2, 0)),
    ):
        update = update_of({"spec": {"updateStrategy": {"rollingUpdate": rolling}}}, "new", 10, NOW)
        assert (update.surge, update.unavailable) == limits
