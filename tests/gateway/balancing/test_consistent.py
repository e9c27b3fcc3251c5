import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.gateway.balancing.consistent import Consistent
from edge.gateway.balancing.selector import in_turn
from edge.gateway.balancing.target import Target
from tests.gateway.balancing.asking import Request

KEYS = [hashlib.sha256(b"%d" % number).digest() for number in range(2000)]


def targets(ports, weight=1):
    return [Target(("10.0.0.1", port), weight) for port in ports]


def ring(*given):
    return Consistent(given, lambda asker: asker, in_turn(given))


def mapped(selector, tried=()):
    return [selector.choose(key, tried).address[1] for key in KEYS]


def test_equal_keys_go_to_the_same_target_whatever_the_order_they_are_known_in():
    one = mapped(ring(*targets(range(1, 8))))
    assert mapped(ring(*targets(range(7, 0, -1)))) == one
    assert one[:12] == [6, 5, 6, 3, 4, 1, 3, 4, 7, 4, 7, 2]  # every version of a gateway maps alike


@pytest.mark.parametrize("count", [2, 5, 20])
def test_shares_are_even(count):
    shares = Counter(mapped(ring(*targets(range(count)))))
    assert len(shares) == count
    assert max(shares.values()) < 1.5 * len(KEYS) / count
    assert min(shares.values()) > 0.5 * len(KEYS) / count


def test_weights_are_shares():
    shares = Counter(mapped(ring(*targets([1, 2]), *targets([3], weight=4))))
    assert 0.55 < shares[3] / len(KEYS) < 0.78


@settings(max_examples=15)
@given(st.sets(st.integers(1, 400), min_size=1, max_size=12), st.integers(401, 500))
def test_a_target_that_comes_takes_its_share_and_nobody_elses_keys_move(ports, fresh):
    before = mapped(ring(*targets(ports)))
    after = mapped(ring(*targets([*ports, fresh])))
    moved = [to for was, to in zip(before, after, strict=True) if was != to]
    assert set(moved) <= {fresh}
    assert len(moved) < 2 * len(KEYS) / (len(ports) + 1)


def test_keys_of_those_that_stay_do_not_move_when_a_heavier_one_goes():
    rest = [*targets([1, 2], weight=2), *targets([3, 4], weight=3)]
    before, after = mapped(ring(*rest, *targets([5], weight=5))), mapped(ring(*rest))
    assert [to for was, to in zip(before, after, strict=True) if was != 5] == [was for was in before if was != 5]


def test_a_target_that_is_passed_over_leaves_only_its_own_keys_to_others():
    selector = ring(*targets(range(1, 9)))
    before, after = mapped(selector), mapped(selector, [("10.0.0.1", 3)])
    assert [to for was, to in zip(before, after, strict=True) if was != 3] == [was for was in before if was != 3]
    spread = Counter(to for was, to in zip(before, after, strict=True) if was == 3)
    assert set(spread) == {1, 2, 4, 5, 6, 7, 8}
    assert after == mapped(ring(*targets([1, 2, 4, 5, 6, 7, 8])))  # as if it were gone


def test_without_a_key_targets_are_asked_in_turn():
    given = targets([1, 2])
    selector = Consistent(given, lambda asker: b"", in_turn(given))
    assert [selector.choose(Request()).address[1] for _ in range(3)] == [1, 2, 1]


@given(st.sets(st.integers(1, 9), max_size=9), st.sets(st.integers(1, 9)))
def test_a_tried_target_is_never_chosen_while_an_untried_one_always_is(ports, tried_ports):
    tried = [("10.0.0.1", port) for port in tried_ports]
    chosen = ring(*targets(ports)).choose(b"key", tried)
    left = ports - tried_ports
    assert (chosen is None) == (not left)
    assert chosen is None or chosen.address[1] in left
