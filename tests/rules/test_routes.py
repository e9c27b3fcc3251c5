import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model.actions import Proxy, Retries, WeightedUpstream
from edge.rules.request import Request
from edge.rules.routes import compile_route

ANY = Request()


def split(*weights, key=""):
    upstreams = tuple(WeightedUpstream(f"u{n}", weight) for n, weight in enumerate(weights))
    route = compile_route(Proxy(upstreams=upstreams, key=key))
    assert route is not None
    return route


def test_one_upstream_with_nothing_more_to_say_needs_no_route():
    assert compile_route(Proxy("u")) is None


@pytest.mark.parametrize("action", [Proxy("u", backup="v"), Proxy("u", retries=Retries()), Proxy("u", timeout=1)])
def test_one_upstream_with_more_to_say_is_always_chosen(action):
    route = compile_route(action)
    assert route is not None
    assert route.choose(ANY, lambda bits: 0) == route.choose(ANY, lambda bits: (1 << bits) - 1) == "u"


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=100).filter(any), st.integers(0, 2**32 - 1))
def test_whatever_is_drawn_one_is_chosen_that_has_a_weight(weights, drawn):
    chosen = split(*weights).choose(ANY, lambda bits: drawn)
    assert weights[int(chosen.removeprefix("u"))] > 0


def test_shares_are_as_the_weights_say():
    draw = random.Random(5).getrandbits
    route = split(90, 0, 9, 1)
    counts = dict.fromkeys(("u0", "u2", "u3"), 0)
    for _ in range(20_000):
        counts[route.choose(ANY, draw)] += 1
    assert 17_800 < counts["u0"] < 18_200
    assert 1_650 < counts["u2"] < 1_950
    assert 140 < counts["u3"] < 260


def of_user(user):
    return Request(headers=[(b"x-user", user.encode())])


def test_keys_are_shared_out_by_weight_and_only_those_move_that_must():
    users = [of_user(f"user-{n}") for n in range(5_000)]
    chosen = {
        share: [split(100 - share, share, key="${header.x-user}").choose(u, None) for u in users] for share in (10, 20)
    }
    assert 400 < chosen[10].count("u1") < 600
    assert 900 < chosen[20].count("u1") < 1_100
    assert all(after == "u1" for before, after in zip(chosen[10], chosen[20], strict=True) if before == "u1")


def test_the_upstream_of_a_key_is_the_same_in_every_process_and_version():
    route = split(1, 1, 1, key="${header.x-user}")
    assert [route.choose(of_user(user), None) for user in ("alice", "bob", "carol", "dave")] == ["u1", "u2", "u0", "u1"]


def test_without_a_key_in_the_request_the_upstream_is_drawn():
    route = split(1, 1, key="${header.x-user}")
    assert {route.choose(ANY, lambda bits, drawn=drawn: drawn << (bits - 1)) for drawn in (0, 1)} == {"u0", "u1"}
