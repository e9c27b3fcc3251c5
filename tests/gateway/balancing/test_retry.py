"""When a request may be sent again."""

from __future__ import annotations

import msgspec
import pytest

from edge.gateway.balancing.retry import Attempt, allows, may_send_again
from edge.gateway.settings import Settings
from edge.model.actions import Retries

GOOD = Attempt(method=b"GET", received=False, body_held=True, sends=1, age=0.1)


def test_an_idempotent_request_without_an_answer_goes_on() -> None:
    assert may_send_again(GOOD, Settings())


@pytest.mark.parametrize(
    "change",
    [{"method": b"POST"}, {"method": b"PATCH"}, {"received": True}, {"body_held": False}, {"sends": 3}, {"age": 10.1}],
    ids=str,
)
def test_each_reason_alone_is_enough_to_stop(change: dict[str, object]) -> None:
    assert not may_send_again(msgspec.structs.replace(GOOD, **change), Settings())


@pytest.mark.parametrize(
    ("retries", "failure", "sent", "method", "held", "allowed"),
    [
        (Retries(), "connect-failure", False, b"POST", False, True),
        (Retries(), "reset", True, b"GET", True, True),
        (Retries(), "reset", True, b"GET", False, False),
        (Retries(), "reset", True, b"POST", True, False),
        (Retries(), "timeout", True, b"GET", True, False),
        (Retries(), 503, True, b"GET", True, False),
        (Retries(conditions=("timeout",)), "timeout", True, b"GET", True, True),
        (Retries(conditions=("timeout",)), "timeout", False, b"POST", False, True),
        (Retries(conditions=("timeout",)), "connect-failure", False, b"GET", True, False),
        (Retries(statuses=(502, 503)), 503, True, b"GET", True, True),
        (Retries(statuses=(502, 503)), 504, True, b"GET", True, False),
        (Retries(statuses=(503,), non_idempotent=True), 503, True, b"POST", True, True),
        (Retries(statuses=(503,), non_idempotent=True), 503, True, b"POST", False, False),
    ],
)
def test_a_rule_says_after_which_failures_a_request_goes_on(
    retries: Retries, failure: str | int, sent: bool, method: bytes, held: bool, allowed: bool
) -> None:
    assert allows(retries, failure, method, sent=sent, body_held=held) == allowed
