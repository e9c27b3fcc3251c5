"""The DaemonSet decision on made-up nodes and pods."""

from __future__ import annotations

from typing import Any

from simulator.controllers.daemons import decide, limit_of, pod_spec, roll
from simulator.controllers.ordinals import HASH
from tests.simulator.controllers.pods_for_tests import pod

SPEC = pod_spec({"spec": {"nodeSelector": {"disk": "ssd"}}})


def node(name: str, disk: str = "ssd", taints: Any = ()) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"disk": disk}}, "spec": {"taints": list(taints)}}


def taint(key: str, effect: str) -> dict[str, str]:
    return {"key": key, "effect": effect}


def test_each_node_that_fits_gets_one_and_no_other() -> None:
    nodes = [node("a"), node("b", disk="slow"), node("c", taints=[taint("private", "NoSchedule")])]
    assert decide(SPEC, nodes, {}).create == ("a",)


def test_a_cordoned_or_unready_node_keeps_its_pod() -> None:
    cordoned = node("a", taints=[taint("node.kubernetes.io/unschedulable", "NoSchedule")])
    assert decide(SPEC, [cordoned], {}).create == ("a",)
    unready = node(
        "a", taints=[taint("node.kubernetes.io/not-ready", effect) for effect in ("NoSchedule", "NoExecute")]
    )
    assert decide(SPEC, [unready], {"a": [pod("p1")]}).delete == ()
    assert decide(SPEC, [unready], {}).create == ()


def test_what_should_not_run_there_is_ended() -> None:
    first, second = pod("p1", created="2026-01-01T00:00:00Z"), pod("p2", created="2026-01-02T00:00:00Z")
    assert decide(SPEC, [node("a")], {"a": [second, first]}).delete == (second,)
    assert decide(SPEC, [node("a", disk="slow")], {"a": [first]}).delete == (first,)
    assert decide(SPEC, [], {"gone": [first]}).delete == (first,)
    assert decide(SPEC, [node("a")], {"a": [pod("p1", phase="Failed")]}).delete


def test_a_roll_ends_unready_old_pods_at_once_and_ready_ones_within_the_limit() -> None:
    pods = {name: [pod(f"p-{name}", labels={HASH: "old"}, ready=name != "b")] for name in "abc"}
    assert [p.name for p in roll("abc", pods, "new", 2)] == ["p-b", "p-a"]
    assert [p.name for p in roll("abc", pods, "new", 1)] == ["p-b"]
    assert roll("abc", pods, "old", 1) == ()


def test_the_limit_is_a_number_or_a_share_and_never_nothing() -> None:
    for value, nodes, limit in ((1, 10, 1), ("30%", 10, 3), ("1%", 10, 1), (0, 10, 1)):
        found = {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": value}}}}
        assert limit_of(found, nodes) == limit
