from __future__ import annotations

from datetime import UTC, datetime

from simulator.controllers.workloads.replicas import BURST, decide, status
from tests.simulator.controllers.pods_for_tests import pod

NOW = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)


def test_pods_that_end_no_longer_count() -> None:
    pods = [pod("a"), pod("b", terminating=True), pod("c", phase="Failed")]
    assert decide(2, pods, dict, NOW).create == 1


def test_a_burst_is_limited_and_comes_back() -> None:
    decision = decide(1200, [], dict, NOW)
    assert (decision.create, decision.more) == (BURST, True)


def test_status_counts_what_is_available_and_says_when_more_will_be() -> None:
    found = {
        "metadata": {"generation": 4},
        "spec": {"minReadySeconds": 10, "template": {"metadata": {"labels": {"app": "a"}}}},
    }
    pods = [
        pod("a", ready_since="2025-12-31T23:00:00Z"),
        pod("b", ready_since="2026-01-01T00:00:02Z"),
        pod("c", terminating=True),
        pod("d", ready=False),
    ]
    counts, wait = status(found, pods, NOW)
    assert counts == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "readyReplicas": 2,
        "availableReplicas": 1,
        "terminatingReplicas": 1,
        "observedGeneration": 4,
    }
    assert wait == 7.0
