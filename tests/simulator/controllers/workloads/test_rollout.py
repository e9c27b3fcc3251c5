from __future__ import annotations

import random

import pytest

from simulator.controllers.workloads.rollout import Set, Strategy, recreate, roll, scale, strategy


def a_set(name: str, replicas: int, available: int | None = None, desired: int | None = None) -> Set:
    return Set(
        name, f"2026-01-01T00:00:0{len(name)}Z", replicas, replicas if available is None else available, desired, None
    )


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (1, "25%", "25%", (1, 0)),
        (4, "25%", "25%", (1, 1)),
        (10, "25%", "25%", (3, 2)),
        (3, 0, 0, (0, 1)),
        (5, 2, 1, (2, 1)),
    ],
)
def test_surge_rounds_up_and_unavailable_down_and_never_are_both_zero(
    replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    want = strategy({"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}})
    assert (want.surge, want.unavailable) == expected


def test_the_new_set_grows_first_within_the_surge() -> None:
    assert roll(Strategy(3, 1, 0), a_set("new", 0), [a_set("old", 3)]) == {"new": 1}


def test_old_pods_wait_until_a_new_one_is_available() -> None:
    assert roll(Strategy(3, 1, 0), a_set("new", 1, 0), [a_set("old", 3)]) == {}
    assert roll(Strategy(3, 1, 0), a_set("new", 1, 1), [a_set("old", 3)]) == {"old": 2}


def test_unhealthy_old_pods_go_first() -> None:
    scales = roll(Strategy(4, 0, 2), a_set("new", 4, 0), [a_set("a", 2, 0), a_set("bb", 2, 2)])
    assert scales == {"a": 0}  # no new one is available yet, and these two were of no use
    assert roll(Strategy(4, 2, 2), a_set("new", 4, 2), [a_set("a", 2, 0), a_set("bb", 2, 2)]) == {"a": 0, "bb": 0}


@pytest.mark.parametrize("seed", range(200))
def test_a_rollout_never_breaks_its_limits_and_ends(seed: int) -> None:
    source = random.Random(seed)
    replicas = source.randint(1, 12)
    surge, unavailable = source.randint(0, 4), source.randint(0, 4)
    want = Strategy(replicas, surge, unavailable or (0 if surge else 1))
    new, olds = [0, 0], [[replicas, replicas]]  # replicas, available
    for _ in range(500):
        scales = roll(
            want,
            Set("new", "2", new[0], new[1], None, None),
            [Set(f"old{i}", "1", r, a, None, None) for i, (r, a) in enumerate(olds)],
        )
        if "new" in scales:
            new = [scales["new"], min(new[1], scales["new"])]
        for i, old in enumerate(olds):
            if f"old{i}" in scales:
                olds[i] = [scales[f"old{i}"], min(old[1], scales[f"old{i}"])]
        total = new[0] + sum(r for r, _ in olds)
        available = new[1] + sum(a for _, a in olds)
        assert total <= want.limit
        assert available >= want.minimum
        if new[1] < new[0] and source.random() < 0.5:
            new[1] += 1
        if not scales and new == [replicas, replicas] and not any(r for r, _ in olds):
            return
    pytest.fail(f"the rollout did not end: new {new}, old {olds}, {want}")


def test_recreate_ends_everything_before_it_begins() -> None:
    want = Strategy(3, 0, 0, recreate=True)
    assert recreate(want, None, [a_set("old", 3)], True) == {"old": 0}
    assert recreate(want, None, [a_set("old", 0)], True) == {}
    assert recreate(want, None, [a_set("old", 0)], False) is None
    assert recreate(want, a_set("new", 0), [a_set("old", 0)], False) == {"new": 3}


def test_a_single_set_is_simply_scaled() -> None:
    assert scale(Strategy(5, 1, 0), a_set("new", 2), [a_set("old", 0)], 2) == {"new": 5}
    assert scale(Strategy(0, 1, 0), a_set("new", 2), [], 2) == {"new": 0}


def test_scaling_during_a_rollout_keeps_the_proportions() -> None:
    new = Set("new", "2", 5, 5, 15, 18)
    old = Set("old", "1", 13, 13, 15, 18)
    scales = scale(Strategy(30, 3, 2), new, [old], 18)
    assert scales == {"old": 24, "new": 9}
    assert sum(scales.values()) == 33
