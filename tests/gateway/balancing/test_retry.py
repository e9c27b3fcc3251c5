"""When a request may be sent again."""

from __future__ import annotations

import msgspec
import pytest

from edge.gateway.balancing.retry import Attempt, may_send_again
from edge.gateway.settings import Settings

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
