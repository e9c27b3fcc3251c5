from typing import get_args

import pytest

from edge.gateway.actions.making import make
from edge.model.actions import Cache, Compress, Cors, ErrorPage, HandlingAction, IpAccess, Mirror

EXAMPLES = [
    IpAccess(deny=("10.0.0.0/8",)),
    Cors(origins=("*",)),
    ErrorPage(statuses=(502,)),
    Compress(),
    Cache(),
    Mirror("u1"),
]


def test_there_is_an_example_of_every_action_here():
    assert {type(example) for example in EXAMPLES} == set(get_args(HandlingAction))


@pytest.mark.parametrize("action", EXAMPLES, ids=lambda action: type(action).__name__)
def test_every_action_that_acts_has_a_gate_or_a_filter(action):
    handlers = make(action)
    assert handlers.gate is not None or handlers.filter is not None
