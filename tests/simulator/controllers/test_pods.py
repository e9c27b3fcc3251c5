"""The lean view of a stored pod."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.controllers.pods import read
from simulator.kinds.table import RESOURCES
from simulator.objects.record import Record

PODS = RESOURCES.of("v1", "Pod")
NOW = datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)


def view(**more: Any) -> Any:
    obj = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "default", "uid": "u"}, **more}
    return read(Record(PODS, "default/p", obj, 1))


def test_it_is_ready_since_its_condition_says_so() -> None:
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:04Z"}]
    pod = view(status={"phase": "Running", "podIP": "127.20.0.1", "conditions": conditions})
    assert (pod.ready, pod.ready_since, pod.active, pod.wait(0, NOW), pod.wait(10, NOW)) == (
        True, "2026-01-01T00:00:04Z", True, 0, 4,
    )  # fmt: skip
    assert not view(status={"conditions": [{"type": "Ready", "status": "False"}]}).ready


def test_it_has_an_address_in_each_family_or_none() -> None:
    both = view(status={"podIP": "fd00::1", "podIPs": [{"ip": "fd00::1"}, {"ip": "127.20.0.1"}]})
    assert (both.ip, both.address("IPv4"), both.address("IPv6")) == ("fd00::1", "127.20.0.1", "fd00::1")
    one = view(status={"podIP": "127.20.0.1", "podIPs": [{"ip": "127.20.0.1"}]})
    assert (one.address("IPv4"), one.address("IPv6"), one.more_ips) == ("127.20.0.1", "", ())
    assert view().address("IPv4") == ""


@pytest.mark.parametrize(("cost", "number"), [("7", 7), ("-3", -3), ("a", 0), (None, 0)])
def test_an_unreadable_deletion_cost_counts_as_none(cost: str | None, number: int) -> None:
    annotations = {"controller.kubernetes.io/pod-deletion-cost": cost} if cost is not None else None
    assert view(metadata={"name": "p", "namespace": "default", "annotations": annotations}).deletion_cost == number
