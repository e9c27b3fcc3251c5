"""Where a pod goes, and what is said of one that fits nowhere."""

from __future__ import annotations

from typing import Any

from simulator.controllers.scheduling.scheduler import choose, set_condition, why_not


def node(name: str, ready: str = "True", **spec: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}]
    return {"metadata": {"name": name, "labels": {"disk": "ssd"}}, "spec": spec, "status": {"conditions": conditions}}


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": spec}


def test_the_node_with_the_fewest_pods_by_name_among_equals() -> None:
    nodes = [node("b"), node("a"), node("c")]
    for load, chosen in (({}, "a"), ({"a": 1}, "b"), ({"a": 2, "b": 1, "c": 1}, "b")):
        found = choose(pod(), nodes, load)
        assert found is not None
        assert found["metadata"]["name"] == chosen


def test_what_stands_in_the_way_is_counted() -> None:
    taint = {"key": "private", "value": "yes", "effect": "NoSchedule"}
    nodes = [
        node("a", ready="False"),
        node("b", unschedulable=True),
        node("c", taints=[taint]),
        node("d", taints=[taint]),
    ]
    assert choose(pod(), nodes, {}) is None
    assert why_not(pod(), nodes) == (
        "0/4 nodes are available: 1 node(s) were not ready, 1 node(s) were unschedulable, "
        "2 node(s) had untolerated taint(s) {private: yes}."
    )
    assert why_not(pod(nodeSelector={"disk": "tape"}), [node("a")]) == (
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    )
    assert why_not(pod(), []) == "0/0 nodes are available: no nodes."


def test_the_condition_takes_the_place_of_the_one_before() -> None:
    waiting = {**pod(), "status": {"phase": "Pending", "qosClass": "BestEffort"}}
    set_condition(waiting, "False", "2026-01-01T00:00:00Z", "Unschedulable", "no nodes")
    set_condition(waiting, "True", "2026-01-01T00:00:01Z")
    assert waiting["status"]["conditions"] == [
        {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": "2026-01-01T00:00:01Z"}
    ]
    assert list(waiting["status"]) == ["phase", "conditions", "qosClass"]
