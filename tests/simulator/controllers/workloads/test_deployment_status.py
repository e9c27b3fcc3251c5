from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.controllers.workloads.deployment_status import calculate, condition_of, progress, with_condition
from simulator.controllers.workloads.rollout import Strategy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Object = dict[str, Any]


def deployment(status: Object | None = None, **spec: Any) -> Object:
    return {
        "metadata": {"name": "web", "generation": 2},
        "spec": {"replicas": 2, "progressDeadlineSeconds": 600, **spec},
        "status": status or {},
    }


def a_set(**status: int) -> Object:
    return {"metadata": {"name": "web-1"}, "spec": {"replicas": status.get("replicas", 0)}, "status": status}


def test_a_condition_that_keeps_its_status_keeps_its_time_and_moves_to_the_end() -> None:
    first = with_condition([], "A", "True", "One", "", NOW)
    both = with_condition(first, "B", "True", "One", "", NOW)
    later = NOW + timedelta(hours=1)
    again = with_condition(both, "A", "True", "Two", "", later)
    assert [c["type"] for c in again] == ["B", "A"]
    assert again[1]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert again[1]["lastUpdateTime"] == "2026-01-01T01:00:00Z"
    assert with_condition(again, "A", "True", "Two", "other words", later) == again


def test_counts_are_sums_and_zeros_are_left_out() -> None:
    new = a_set(replicas=2, readyReplicas=1, availableReplicas=1)
    status = calculate(deployment(), Strategy(2, 1, 0), new, [new, a_set(replicas=1, terminatingReplicas=1)], NOW)
    conditions = status.pop("conditions")
    assert status == {
        "observedGeneration": 2,
        "replicas": 3,
        "updatedReplicas": 2,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "unavailableReplicas": 2,
        "terminatingReplicas": 1,
    }
    assert conditions[0]["reason"] == "MinimumReplicasUnavailable"


def test_a_complete_rollout_says_so_and_later_scaling_does_not_change_that() -> None:
    new = a_set(replicas=2, readyReplicas=2, availableReplicas=2)
    status = progress(deployment(), calculate(deployment(), Strategy(2, 1, 0), new, [new], NOW), new, NOW)
    said = condition_of(status, "Progressing")
    assert said is not None
    assert (said["reason"], said["message"]) == (
        "NewReplicaSetAvailable",
        'ReplicaSet "web-1" has successfully progressed.',
    )
    scaled = deployment(status, replicas=5)
    grown = a_set(replicas=5, readyReplicas=2, availableReplicas=2)
    after = progress(scaled, calculate(scaled, Strategy(5, 2, 1), grown, [grown], NOW), grown, NOW)
    assert condition_of(after, "Progressing") == said


def test_a_rollout_that_stands_still_times_out() -> None:
    new = a_set(replicas=2, readyReplicas=0)
    begun = with_condition([], "Progressing", "True", "NewReplicaSetCreated", "", NOW)
    found = deployment({"replicas": 2, "updatedReplicas": 2, "conditions": begun})
    for seconds, expected in ((599, "True"), (601, "False")):
        moment = NOW + timedelta(seconds=seconds)
        status = progress(found, calculate(found, Strategy(2, 1, 0), new, [new], moment), new, moment)
        said = condition_of(status, "Progressing")
        assert said is not None
        assert said["status"] == expected
