from typing import get_args

import pytest

from edge.gateway.actions.making import Maker, make
from edge.gateway.settings import Settings
from edge.model.actions import (
    BasicAuth,
    BasicUser,
    Cache,
    Compress,
    Cors,
    ErrorPage,
    ForwardAuth,
    HandlingAction,
    IpAccess,
    JwtAuth,
    LimitBody,
    LimitConcurrency,
    LimitRate,
    Mirror,
)
from edge.rules.passwords import hash_password

EXAMPLES = [
    IpAccess(deny=("10.0.0.0/8",)),
    ForwardAuth("u1", "/verify"),
    JwtAuth(("RS256",), jwks_url="https://id.example/keys"),
    BasicAuth((BasicUser("alice", hash_password("a", b"0123456789abcdef", cost=10)),)),
    Cors(origins=("*",)),
    ErrorPage(statuses=(502,)),
    Compress(),
    Cache(),
    Mirror("u1"),
    LimitRate(10),
    LimitBody(10),
    LimitConcurrency(10),
]


def test_there_is_an_example_of_every_action_here():
    assert {type(example) for example in EXAMPLES} == set(get_args(HandlingAction))


@pytest.mark.parametrize("action", EXAMPLES, ids=lambda action: type(action).__name__)
def test_every_action_that_acts_has_a_gate_or_a_filter(action):
    handlers = make(action, Settings())
    assert handlers.gate is not None or handlers.filter is not None


def test_an_unchanged_action_of_a_rule_keeps_its_handlers_in_the_next_release():
    before = Maker(Settings())
    first = before(Cache(), "r1")
    after = Maker(Settings(), before.made)
    assert after(Cache(), "r1") is first
    assert after.made == before.made


def test_a_changed_action_and_one_of_another_rule_are_made_anew():
    before = Maker(Settings())
    first = before(Cache(), "r1")
    after = Maker(Settings(), before.made)
    assert after(Cache(ttl=5), "r1") is not first
    assert after(Cache(), "r2") is not first
