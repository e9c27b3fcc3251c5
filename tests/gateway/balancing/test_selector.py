from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.balancing.selector import RoundRobin, WeightedRoundRobin, in_turn
from edge.gateway.balancing.target import Target, eligible, in_use
from edge.model.endpoint import Endpoint
from edge.model.upstream import Server

ANYBODY = object()
"""Nothing needs to be known of who asks."""


def of_endpoints(endpoints, previous=None):
    return in_turn(eligible(endpoints), previous)


def of_servers(servers):
    return in_turn(in_use(servers))


def endpoint(name, ready=True, serving=True, terminating=False):
    return Endpoint(f"10.0.0.{name}", 80, ready=ready, serving=serving, terminating=terminating)


def names(selector, count):
    chosen = [selector.choose(ANYBODY) for _ in range(count)]
    return [target.address[0].rpartition(".")[2] for target in chosen]


def test_every_endpoint_has_its_turn():
    assert names(of_endpoints([endpoint(1), endpoint(2), endpoint(3)]), 7) == list("1231231")


def test_what_was_tried_is_passed_over_and_in_the_end_nothing_is_left():
    selector = of_endpoints([endpoint(1), endpoint(2)])
    first = selector.choose(ANYBODY)
    second = selector.choose(ANYBODY, [first.address])
    assert {first.address, second.address} == {("10.0.0.1", 80), ("10.0.0.2", 80)}
    assert selector.choose(ANYBODY, [first.address, second.address]) is None


def test_nobody_to_choose_from():
    assert of_endpoints([]).choose(ANYBODY) is None
    assert of_endpoints([]).choose(ANYBODY, [("10.0.0.1", 80)]) is None
    assert of_servers([Server("a", 80, 0)]).choose(ANYBODY) is None


def test_a_new_endpoint_has_its_first_request_at_once():
    one = of_endpoints([endpoint(1)])
    names(one, 5)
    assert names(of_endpoints([endpoint(1), endpoint(2)], one), 4) == list("2121")
    three = of_endpoints([endpoint(5), endpoint(6), endpoint(7)])
    assert names(three, 4) == list("5675")
    assert names(of_endpoints([endpoint(n) for n in range(4, 8)], three), 4) == list("4675")


def test_a_swap_goes_on_where_the_selector_before_stopped():
    before = of_endpoints([endpoint(1), endpoint(2), endpoint(3), endpoint(4)])
    assert names(before, 2) == list("12")
    assert names(of_endpoints([endpoint(1), endpoint(3), endpoint(4)], before), 4) == list("3413")


def test_nobody_starves_while_every_request_meets_a_swap():
    count: Counter[str] = Counter()
    selector = of_endpoints([endpoint(n) for n in range(1, 6)])
    for round in range(100):
        selector = of_endpoints([endpoint(n) for n in range(1, 6 + round % 2)], selector)
        count.update(names(selector, 3))
    assert min(count[name] for name in "12345") >= 30


def test_equal_weights_are_plain_turns_and_weight_zero_is_out_of_use():
    selector = of_servers([Server("a", 80, 5), Server("b", 80, 5), Server("c", 80, 0)])
    assert isinstance(selector, RoundRobin)
    assert [selector.choose(ANYBODY).address[0] for _ in range(3)] == ["a", "b", "a"]


def test_weights_are_shares_spread_evenly():
    selector = of_servers([Server("a", 80, 5), Server("b", 80, 1), Server("c", 80, 1)])
    chosen = "".join(selector.choose(ANYBODY).address[0] for _ in range(70))
    assert Counter(chosen) == {"a": 50, "b": 10, "c": 10}
    assert chosen == "aaabcaa" * 10


def test_a_weighted_target_that_was_tried_is_passed_over():
    selector = of_servers([Server("a", 80, 100), Server("b", 80, 1)])
    assert selector.choose(ANYBODY, [("a", 80)]).address == ("b", 80)
    assert selector.choose(ANYBODY, [("a", 80), ("b", 80)]) is None
    assert Counter(selector.choose(ANYBODY).address[0] for _ in range(101))["a"] >= 99


def test_a_target_that_was_passed_over_for_long_has_no_debt_paid_back():
    selector = of_servers([Server("a", 80, 2), Server("b", 80, 1)])
    for _ in range(1000):
        selector.choose(ANYBODY, [("a", 80)])
    assert Counter(selector.choose(ANYBODY).address[0] for _ in range(30))["b"] >= 9


weights = st.lists(st.integers(1, 9), min_size=1, max_size=6)


@given(weights, st.integers(1, 4))
def test_after_whole_rounds_everybody_had_exactly_their_share(given_weights, rounds):
    targets = [Target(("h", port), weight) for port, weight in enumerate(given_weights)]
    selector = WeightedRoundRobin(targets)
    count = Counter(selector.choose(ANYBODY).address[1] for _ in range(sum(given_weights) * rounds))
    for target in targets:
        assert abs(count[target.address[1]] - target.weight * rounds) <= 1


@given(weights, st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=20))
def test_a_tried_target_is_never_chosen_while_an_untried_one_always_is(given_weights, attempts):
    targets = [Target(("h", port), weight) for port, weight in enumerate(given_weights)]
    for selector in (WeightedRoundRobin(targets), RoundRobin(targets)):
        for ports in attempts:
            tried = [("h", port) for port in ports]
            chosen = selector.choose(ANYBODY, tried)
            if chosen is None:
                assert all(target.address in tried for target in targets)
            else:
                assert chosen.address not in tried
