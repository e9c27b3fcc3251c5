from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.gateway.balancing.selector import in_turn
from edge.gateway.balancing.slow_start import FLOOR, SlowStart, Warming
from edge.gateway.balancing.target import Target
from tests.gateway.balancing.asking import Request, pool
from tests.gateway.balancing.test_passing import Clock


def address(port):
    return ("10.0.0.1", port)


def starting(ports, fresh, clock, seconds=100):
    asker = Request(pool=pool(clock))
    return SlowStart(in_turn([Target(address(port)) for port in ports]), Warming(seconds, map(address, fresh))), asker


def shares(selector, asker, requests):
    return Counter(selector.choose(asker).address[1] for _ in range(requests))


def test_a_new_endpoint_has_one_request_at_once_and_then_the_part_that_its_age_gives():
    clock = Clock()
    selector, asker = starting([1, 2, 3, 4], [4], clock)
    assert shares(selector, asker, 4)[4] == 1
    for age, part in ((5, FLOOR), (50, 0.5), (75, 0.75), (100, 1.0), (500, 1.0)):
        clock.now = age
        count = shares(selector, asker, 1000)
        assert abs(count[4] - 1000 * part / (3 + part)) <= 2
        assert max(count[1], count[2], count[3]) - min(count[1], count[2], count[3]) <= 2


def test_its_time_begins_with_its_first_turn():
    clock = Clock()
    clock.now = 1000.0
    selector, asker = starting([1, 2], [2], clock)
    assert abs(shares(selector, asker, 1100)[2] - 100) <= 2


def test_where_all_are_fresh_they_share_evenly_and_nobody_waits():
    selector, asker = starting(range(50), range(50), Clock())
    count = shares(selector, asker, 5000)
    assert max(count.values()) - min(count.values()) <= 12


def test_age_and_freshness_go_on_when_endpoints_change():
    clock = Clock()
    warming = Warming(100, [address(1)])
    warming.share(address(1), 0.0)
    clock.now = 50.0
    after = warming.followed_by([address(1), address(2)], [address(1), address(2), address(3)])
    assert after.fresh == (address(1), address(3))
    assert after.share(address(1), 50.0) == 0.5
    assert after.share(address(2), 50.0) == 1.0
    assert after.share(address(3), 50.0) == FLOOR
    assert after.followed_by([address(1)], [address(2)]).fresh == (address(2),)


@settings(max_examples=50)
@given(
    st.sets(st.integers(1, 8), min_size=1),
    st.sets(st.integers(1, 8)),
    st.lists(st.sets(st.integers(1, 8)), max_size=20),
)
def test_a_tried_target_is_never_chosen_while_an_untried_one_always_is(ports, fresh, attempts):
    selector, asker = starting(sorted(ports), sorted(fresh & ports), Clock())
    for tried in attempts:
        chosen = selector.choose(asker, [address(port) for port in tried])
        assert (chosen is None) == (not ports - tried)
        assert chosen is None or chosen.address[1] in ports - tried
