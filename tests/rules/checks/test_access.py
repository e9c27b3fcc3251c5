import pytest

from edge.model.actions import IpAccess
from edge.rules import limits
from tests.rules.checks.checking import compiles, fields

GOOD = [
    IpAccess(allow=("10.0.0.0/8", "fd00::/8"), deny=("10.0.0.1",), status=444),
]
WRONG = [
    (IpAccess(allow=("10.0.0.1/8",)), "allow[0]"),
    (IpAccess(deny=("10.0.0.0/8", "me")), "deny[1]"),
    (IpAccess(deny=("::1",) * (limits.NETWORKS + 1)), "deny"),
    (IpAccess(deny=("::1",), status=200), "status"),
]


@pytest.mark.parametrize("action", GOOD, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert compiles(action=action)


@pytest.mark.parametrize(("action", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]
