import pytest

from edge.gateway.balancing.passing import EVERY, Avoided, Group, is_panic
from edge.gateway.balancing.pool import Origin
from edge.gateway.balancing.selector import in_turn
from edge.gateway.balancing.target import Target
from tests.gateway.balancing.asking import busy, pool

A, B, C = (("10.0.0.1", 80), ("10.0.0.2", 80), ("10.0.0.3", 80))


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def eject(pool, *addresses):
    for address in addresses:
        pool.failed(pool._origins.setdefault(address, Origin(address)))


@pytest.mark.parametrize(
    ("passed", "count", "threshold", "panic"),
    [(1, 2, 50, False), (2, 3, 50, True), (0, 3, 0, False), (1, 100, 0, True), (3, 3, 100, False), (0, 0, 50, False)],
)
def test_nobody_is_passed_over_when_more_than_the_threshold_would_be(passed, count, threshold, panic):
    assert is_panic(passed, count, threshold) is panic


def test_what_is_avoided_was_tried_is_full_or_is_passed_over():
    known = pool(ejection_failures=1)
    busy(known, B, 2)
    eject(known, C)
    assert A in Avoided([A], known, 0, (), False)
    assert B not in Avoided([A], known, 3, (), True)
    assert B in Avoided([A], known, 2, (), False)
    assert C in Avoided([], known, 0, (), True)
    assert C not in Avoided([], known, 0, (), False)
    assert B in Avoided([], known, 0, [B], True)


def test_a_count_follows_every_change_at_once_and_an_ejection_that_runs_out_soon():
    clock = Clock()
    known = pool(clock, ejection_failures=1, ejection_time=5.0)
    group = Group(in_turn([Target(A), Target(B), Target(C)]))
    assert group.count_passed_over(known, ()) == 0
    eject(known, A)
    assert group.count_passed_over(known, ()) == 1
    eject(known, B, ("10.9.9.9", 80))
    assert group.count_passed_over(known, ()) == 2
    assert group.count_passed_over(known, frozenset([C])) == 3
    assert group.count_passed_over(known, frozenset([B])) == 2
    clock.now = 5.0 + EVERY
    assert group.count_passed_over(known, frozenset([B])) == 1
