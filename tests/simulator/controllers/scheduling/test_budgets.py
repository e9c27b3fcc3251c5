"""How many pods a budget lets go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.controllers.scheduling.budgets import selects, status
from tests.simulator.controllers.pods_for_tests import pod

NOW = datetime(2026, 1, 1, 0, 1, 0, tzinfo=UTC)


def budget(old: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "b", "generation": 2}, "spec": spec, "status": old or {}}


@pytest.mark.parametrize(
    ("spec", "healthy", "expected"),
    [
        ({"minAvailable": 2}, 3, (1, 3, 2, 3)),
        ({"minAvailable": "50%"}, 3, (1, 3, 2, 4)),
        ({"maxUnavailable": 1}, 3, (0, 3, 3, 4)),
        ({"maxUnavailable": "30%"}, 4, (2, 4, 2, 4)),
        ({"maxUnavailable": 9}, 1, (1, 1, 0, 4)),
        ({"minAvailable": 9}, 3, (0, 3, 9, 3)),
    ],
)
def test_what_is_allowed(spec: dict[str, Any], healthy: int, expected: tuple[int, ...]) -> None:
    found = status(budget(**spec), [pod(f"p{number}") for number in range(healthy)], 4, NOW)
    names = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    assert tuple(found[name] for name in names) == expected
    condition = found["conditions"][0]
    assert (condition["status"], condition["reason"]) == (
        ("True", "SufficientPods") if expected[0] else ("False", "InsufficientPods")
    )
    assert found["observedGeneration"] == 2


def test_pods_that_end_or_are_not_ready_or_were_just_evicted_are_not_healthy() -> None:
    evicted = {"p3": "2026-01-01T00:00:59Z", "p4": "2025-12-31T23:58:00Z", "gone": "2026-01-01T00:00:59Z"}
    pods = [pod("p1", terminating=True), pod("p2", ready=False), pod("p3"), pod("p4")]
    found = status(budget({"disruptedPods": evicted}, minAvailable=1), pods, 4, NOW)
    assert (found["currentHealthy"], found["disruptedPods"]) == (1, {"p3": "2026-01-01T00:00:59Z"})


def test_a_condition_that_stays_keeps_its_time() -> None:
    first = status(budget(minAvailable=1), [pod("p1"), pod("p2")], 2, NOW)
    later = status(budget(first, minAvailable=1), [pod("p1"), pod("p2")], 2, NOW.replace(hour=5))
    assert later == first


def test_an_empty_selector_is_for_all_and_none_for_no_pod() -> None:
    assert selects(budget(selector={}), {"a": "b"})
    assert not selects(budget(), {"a": "b"})
    assert selects(budget(selector={"matchExpressions": [{"key": "a", "operator": "Exists"}]}), {"a": "b"})
    assert not selects(budget(selector={"matchLabels": {"a": "c"}}), {"a": "b"})
