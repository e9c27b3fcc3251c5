from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.balancing.least_request import LeastRequest
from edge.gateway.balancing.target import Target
from tests.gateway.balancing.asking import Request, busy, pool


def targets(*weights):
    return [Target(("10.0.0.1", port), weight) for port, weight in enumerate(weights, 1)]


def shares(selector, asker, rounds):
    """How often each was chosen while every request stays open."""
    count: Counter[int] = Counter()
    for _ in range(rounds):
        address = selector.choose(asker).address
        count[address[1]] += 1
        busy(asker.pool, address, count[address[1]])
    return count


def test_of_two_the_one_with_fewer_open_requests_is_asked():
    asker = Request(pool=pool())
    busy(asker.pool, ("10.0.0.1", 1), 5)
    selector = LeastRequest(targets(1, 1))
    assert {selector.choose(asker).address[1] for _ in range(50)} == {2}


def test_requests_that_stay_open_are_spread_evenly_and_by_weight():
    count = shares(LeastRequest(targets(1, 1, 1, 1)), Request(pool=pool()), 400)
    assert max(count.values()) - min(count.values()) <= 8
    count = shares(LeastRequest(targets(5, 1)), Request(pool=pool()), 600)
    assert abs(count[1] - 500) <= 10


def test_requests_that_end_at_once_are_spread_by_weight_too():
    asker, selector = Request(pool=pool()), LeastRequest(targets(5, 1))
    count = Counter(selector.choose(asker).address[1] for _ in range(3000))
    assert 2350 <= count[1] <= 2650


def test_whom_the_lot_never_meets_does_not_matter():
    asker = Request(pool=pool())
    assert LeastRequest([]).choose(asker) is None
    one = LeastRequest(targets(3))
    assert one.choose(asker).address == ("10.0.0.1", 1)
    assert one.choose(asker, [("10.0.0.1", 1)]) is None


@given(st.lists(st.integers(1, 9), max_size=12), st.sets(st.integers(1, 12)))
def test_a_tried_target_is_never_chosen_while_an_untried_one_always_is(weights, ports):
    selector, tried = LeastRequest(targets(*weights)), [("10.0.0.1", port) for port in ports]
    chosen = selector.choose(Request(pool=pool()), tried)
    if chosen is None:
        assert all(target.address in tried for target in selector.targets)
    else:
        assert chosen.address not in tried
        assert chosen in selector.targets
