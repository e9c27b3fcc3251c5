"""Cuts a failing plan down to what matters: delta debugging (Zeller's ddmin) over its deeds, then a smaller house.

A smaller plan counts when the same invariant fails. Cost: each attempt is a run of some tenths of a second, and there
are at most `MOST_RUNS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from scenarios.explore.plan import Deed, Plan

MOST_RUNS = 200

T = TypeVar("T")


class _Enough(Exception):
    """No more runs."""


def shrink(plan: Plan, fails: Callable[[Plan], bool], most: int = MOST_RUNS) -> Plan:
    """The smallest plan found for which `fails` still answers True; `plan` is one."""
    best = [plan]
    left = [most]

    def attempt(smaller: Plan) -> bool:
        if left[0] == 0:
            raise _Enough
        left[0] -= 1
        if not fails(smaller):
            return False
        best[0] = smaller
        return True

    try:
        _deeds(best, attempt)
        while any(attempt(smaller) for smaller in _smaller(best[0])):
            pass
        _deeds(best, attempt)
    except _Enough:
        pass
    return best[0]


def _deeds(best: list[Plan], attempt: Callable[[Plan], bool]) -> None:
    """ddmin: leave out ever smaller parts."""
    parts = 2
    if best[0].deeds and attempt(_with(best[0], ())):
        return
    while len(best[0].deeds) > 1:
        deeds = best[0].deeds
        if any(attempt(_with(best[0], rest)) for rest in _without(deeds, parts)):
            parts = max(parts - 1, 2)
        elif parts >= len(deeds):
            return
        else:
            parts = min(parts * 2, len(deeds))


def _with(plan: Plan, deeds: Sequence[Deed]) -> Plan:
    return msgspec.structs.replace(plan, deeds=tuple(deeds))


def _without(items: Sequence[T], parts: int) -> Iterator[Sequence[T]]:
    """`items` without each of `parts` neighbouring parts."""
    size = -(-len(items) // parts)
    for start in range(0, len(items), size):
        yield [*items[:start], *items[start + size :]]


def _smaller(plan: Plan) -> Iterator[Plan]:
    """A gateway less, a service less, a replica less."""
    used = [deed.args[name] for deed in plan.deeds for name in ("service", "other") if name in deed.args]
    gateways = [deed.args["gateway"] for deed in plan.deeds if "gateway" in deed.args]
    if plan.gateways > max([0, *gateways]) + 1:
        yield msgspec.structs.replace(plan, gateways=plan.gateways - 1)
    counts = plan.replicas
    if len(counts) > max([0, *used]) + 1 and not any(deed.name == "release" for deed in plan.deeds):
        yield msgspec.structs.replace(plan, replicas=counts[:-1])
    for place, count in enumerate(counts):
        if count > 1:
            yield msgspec.structs.replace(plan, replicas=(*counts[:place], count - 1, *counts[place + 1 :]))
