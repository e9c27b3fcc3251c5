"""Which pods a ReplicaSet gives up first: pkg/controller/controller_utils.go, ActivePodsWithRanks.Less.

In order: not assigned to a node; Pending before Unknown before Running; not ready; lower deletion cost; more replicas
of the same owner on its node; ready for less time; more restarts; newer. Times are compared by the power of two of
the age in nanoseconds, ties broken by UID (KEP-2185), so "the newest goes first" is only roughly true.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cmp_to_key

from simulator import clock
from simulator.controllers.pods import Pod

_PHASES = {"Pending": 0, "": 0, "Unknown": 1, "Running": 2}


def choose(pods: Sequence[Pod], count: int, ranks: Mapping[str, int], now: datetime) -> list[Pod]:
    """The `count` pods of `pods` that go first; `ranks` is node → related active pods there."""
    if count >= len(pods):
        return list(pods)

    def compare(one: Pod, other: Pod) -> int:
        return _compare(one, other, ranks, now)

    return sorted(pods, key=cmp_to_key(compare))[:count]


def _compare(one: Pod, other: Pod, ranks: Mapping[str, int], now: datetime) -> int:
    for first, second in (
        (bool(one.node), bool(other.node)),
        (_PHASES.get(one.phase, 2), _PHASES.get(other.phase, 2)),
        (one.ready, other.ready),
        (one.deletion_cost, other.deletion_cost),
        (-ranks.get(one.node, 0), -ranks.get(other.node, 0)),
    ):
        if first != second:
            return -1 if first < second else 1
    if one.ready and other.ready and one.ready_since != other.ready_since:
        return _younger(one.ready_since, other.ready_since, one, other, now)
    if one.restarts != other.restarts:
        return -1 if one.restarts > other.restarts else 1
    if one.created != other.created:
        return _younger(one.created, other.created, one, other, now)
    return 0


def _younger(first: str, second: str, one: Pod, other: Pod, now: datetime) -> int:
    if not first or not second:
        return -1 if not first else 1
    difference = _magnitude(first, now) - _magnitude(second, now)
    if difference:
        return -1 if difference < 0 else 1
    return -1 if one.uid < other.uid else 1


def _magnitude(moment: str, now: datetime) -> int:
    age = (now - clock.parse(moment)).total_seconds() * 1e9
    return -1 if age <= 0 else math.floor(math.log2(age))
