import pytest

from edge.model.actions import Proxy, Retries, WeightedUpstream
from edge.model.rule import Rule
from edge.rules import limits
from edge.rules.validate import problems
from tests.rules.checks.checking import compiles, fields

GOOD = [
    Proxy("u"),
    Proxy("u", backup="v", timeout=3600, retries=Retries(10, 0.05, ("reset", "timeout"), (429, 503))),
    Proxy(upstreams=(WeightedUpstream("u", 9), WeightedUpstream("v", 0)), key="${header.x-user}", backup="u"),
]
WRONG = [
    (Proxy("other"), "upstream"),
    (Proxy(), "upstream"),
    (Proxy("u", (WeightedUpstream("v"),)), "upstream"),
    (Proxy(upstreams=(WeightedUpstream("u"), WeightedUpstream("other"))), "upstreams[1].upstream"),
    (Proxy(upstreams=(WeightedUpstream("u", 1001),)), "upstreams[0].weight"),
    (Proxy(upstreams=(WeightedUpstream("u", 0), WeightedUpstream("v", 0))), "upstreams"),
    (Proxy(upstreams=(WeightedUpstream("u"), WeightedUpstream("u"))), "upstreams"),
    (Proxy("u", key="${path}"), "key"),
    (Proxy(upstreams=(WeightedUpstream("u"), WeightedUpstream("v")), key="same"), "key"),
    (Proxy("u", backup="u"), "backup"),
    (Proxy("u", backup="other"), "backup"),
    (Proxy(upstreams=(WeightedUpstream("u"),), backup="u"), "backup"),
    (Proxy("u", timeout=0), "timeout"),
    (Proxy("u", timeout=float("nan")), "timeout"),
    (Proxy("u", retries=Retries(0)), "retries.attempts"),
    (Proxy("u", retries=Retries(11)), "retries.attempts"),
    (Proxy("u", retries=Retries(per_try_timeout=-1)), "retries.per_try_timeout"),
    (Proxy("u", retries=Retries(statuses=(503, 200))), "retries.statuses[1]"),
]


@pytest.mark.parametrize("action", GOOD, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert compiles(action=action)


@pytest.mark.parametrize(("action", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]


def test_a_split_is_bounded():
    many = tuple(WeightedUpstream(str(n)) for n in range(limits.ENTRIES + 1))
    found = problems(Rule("r", actions=(Proxy(upstreams=many),)), [each.upstream for each in many])
    assert [problem.field for problem in found] == ["actions[0].upstreams"]
