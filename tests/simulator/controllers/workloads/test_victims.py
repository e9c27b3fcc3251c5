from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulator.controllers.pods import Pod
from simulator.controllers.workloads.victims import choose
from tests.simulator.controllers.pods_for_tests import pod

NOW = datetime(2026, 1, 1, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (pod("a", node="", phase="Pending", ready=False), pod("b", phase="Pending", ready=False)),
        (pod("a", phase="Pending", ready=False), pod("b", phase="Unknown", ready=False)),
        (pod("a", phase="Unknown", ready=False), pod("b", ready=False)),
        (pod("a", ready=False), pod("b", deletion_cost=-5)),
        (pod("a", deletion_cost=-5), pod("b", deletion_cost=1)),
        (pod("a", node="crowded"), pod("b", ready_since="2026-01-01T00:59:59Z")),
        (pod("a", ready_since="2026-01-01T00:59:00Z"), pod("b", restarts=9)),
        (pod("a", restarts=3), pod("b", restarts=1)),
        (pod("a", created="2026-01-01T00:50:00Z"), pod("b")),
    ],
    ids=["unassigned", "pending", "unknown", "not ready", "cheap", "crowded", "young readiness", "restarts", "new"],
)
def test_the_order_is_kubernetes_own(first: Pod, later: Pod) -> None:
    ranks = {"crowded": 3, "node-1": 1}
    assert choose([later, first], 1, ranks, NOW) == [first]
    assert choose([first, later], 1, ranks, NOW) == [first]


def test_ages_of_the_same_magnitude_are_decided_by_uid() -> None:
    older = pod("z", uid="a", ready_since="2026-01-01T00:00:01Z")
    newer = pod("y", uid="b", ready_since="2026-01-01T00:00:09Z")
    assert choose([newer, older], 1, {}, NOW) == [older]
