"""What a deletion does, step by step."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.kinds.table import RESOURCES
from simulator.store.deletion import Deletion, decide_deletion, decide_update_end

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PODS, MAPS = RESOURCES.of("v1", "Pod"), RESOURCES.of("v1", "ConfigMap")
NAMESPACES = RESOURCES.of("v1", "Namespace")


def pod(**metadata: Any) -> dict[str, Any]:
    spec = {"nodeName": "n", "terminationGracePeriodSeconds": 30}
    return {"metadata": {"name": "p", **metadata}, "spec": spec, "status": {"phase": "Running"}}


def test_what_nothing_holds_goes_at_once() -> None:
    assert decide_deletion(MAPS, {"metadata": {"name": "m"}}, None, "Background", NOW) == Deletion(None, True)


@pytest.mark.parametrize(
    ("propagation", "finalizers"), [("Foreground", ["foregroundDeletion"]), ("Orphan", ["orphan"])]
)
def test_a_propagation_holds_it_by_a_finalizer(propagation: str, finalizers: list[str]) -> None:
    decided = decide_deletion(MAPS, {"metadata": {"name": "m"}}, None, propagation, NOW)
    assert decided.changed is not None
    assert not decided.remove
    metadata = decided.changed["metadata"]
    assert (metadata["finalizers"], metadata["deletionTimestamp"]) == (finalizers, "2026-01-01T00:00:00Z")


def test_a_pod_ends_after_its_grace_period_which_may_only_be_shortened() -> None:
    first = decide_deletion(PODS, pod(), None, "Background", NOW)
    assert first.changed is not None
    metadata = first.changed["metadata"]
    assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:30Z", 30)
    assert decide_deletion(PODS, first.changed, 60, "Background", NOW) == Deletion(None, False)
    shorter = decide_deletion(PODS, first.changed, 5, "Background", NOW)
    assert shorter.changed is not None
    assert shorter.changed["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:05Z"
    assert decide_deletion(PODS, first.changed, 0, "Background", NOW).remove


def test_the_last_finalizer_lets_it_go() -> None:
    held = {"metadata": {"name": "m", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a"]}}
    free = {"metadata": {"name": "m", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert decide_update_end(MAPS, held, free, None)
    assert not decide_update_end(MAPS, held, held, None)
    assert not decide_update_end(MAPS, free, {"metadata": {"name": "m"}}, None)


def test_a_namespace_waits_for_its_own_finalizers() -> None:
    namespace = {"metadata": {"name": "n"}, "spec": {"finalizers": ["kubernetes"]}}
    decided = decide_deletion(NAMESPACES, namespace, None, "Background", NOW)
    assert decided.changed is not None
    assert (decided.changed["status"]["phase"], decided.remove) == ("Terminating", False)
    assert not decide_update_end(NAMESPACES, decided.changed, decided.changed, "finalize")
    assert decide_update_end(NAMESPACES, decided.changed, {**decided.changed, "spec": {}}, "finalize")
