import pytest

from edge.model.actions import LimitBody, LimitConcurrency, LimitRate
from edge.rules import limits
from tests.rules.checks.checking import compiles, fields

GOOD = [
    LimitRate(1),
    LimitBody(0),
    LimitBody(limits.UPLOAD),
    LimitConcurrency(1),
    LimitConcurrency(1_000_000, "all", 1000, 429),
    LimitRate(1_000_000, "hour", 1, "${header.x-key} ${path}", False, 503),
    LimitRate(10, delay=True, key="all"),
    LimitRate(1, "minute", 1, delay=True),
]
WRONG = [
    (LimitConcurrency(0), "limit"),
    (LimitConcurrency(1, "${"), "key"),
    (LimitConcurrency(1, queue=-1), "queue"),
    (LimitConcurrency(1, queue=limits.QUEUE + 1), "queue"),
    (LimitConcurrency(1, status=404), "status"),
    (LimitBody(-1), "size"),
    (LimitBody(limits.UPLOAD + 1), "size"),
    (LimitRate(0), "rate"),
    (LimitRate(1_000_001), "rate"),
    (LimitRate(10, burst=0), "burst"),
    (LimitRate(100, "hour", delay=True), "burst"),
    (LimitRate(1, burst=32, delay=True), "burst"),
    (LimitRate(1, key="${nothing}"), "key"),
    (LimitRate(1, key="x" * (limits.VALUE + 1)), "key"),
    (LimitRate(1, status=200), "status"),
]


@pytest.mark.parametrize("action", GOOD, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert compiles(action=action)


@pytest.mark.parametrize(("action", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]
