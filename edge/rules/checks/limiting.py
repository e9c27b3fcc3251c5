"""What is wrong with an action that limits how much may be asked."""

from __future__ import annotations

from collections.abc import Iterator

from edge.model.actions import LimitBody, LimitConcurrency, LimitRate
from edge.model.actions.limits import SECONDS
from edge.rules import limits
from edge.rules.checks.content import check_key
from edge.rules.problem import Problem


def check_limit_rate(action: LimitRate) -> Iterator[Problem]:
    fine = True
    for field, value in (("rate", action.rate), ("burst", action.burst)):
        if value is not None and not 1 <= value <= limits.RATE:
            yield Problem(field, f"expected requests from 1 to {limits.RATE:,}, but got {value}")
            fine = False
    if fine and action.delay and longest_delay(action) > limits.DELAY:
        yield Problem(
            "burst",
            f"the last of {action.burst or action.rate} at once would wait {longest_delay(action):.0f} s, and requests "
            f"are held for at most {limits.DELAY} s: give a smaller burst, or refuse instead of delaying",
        )
    yield from check_key(action.key, same_for_all=True)
    if not 400 <= action.status <= 599:
        yield Problem("status", f"a refusal has a status code from 400 to 599, not {action.status}")


def check_limit_concurrency(action: LimitConcurrency) -> Iterator[Problem]:
    if not 1 <= action.limit <= limits.RATE:
        yield Problem("limit", f"expected requests at once from 1 to {limits.RATE:,}, but got {action.limit}")
    if not 0 <= action.queue <= limits.QUEUE:
        yield Problem("queue", f"expected requests that wait from 0 to {limits.QUEUE:,}, but got {action.queue}")
    yield from check_key(action.key, same_for_all=True)
    if action.status not in (429, 503):
        yield Problem("status", f"expected 429 (the client asks too much) or 503, but got {action.status}")


def check_limit_body(action: LimitBody) -> Iterator[Problem]:
    if not 0 <= action.size <= limits.UPLOAD:
        yield Problem("size", f"expected bytes from 0 to {limits.UPLOAD:,}, but got {action.size}")


def longest_delay(action: LimitRate) -> float:
    """Seconds that the last request of a whole burst waits for its time."""
    return ((action.burst or action.rate) - 1) * SECONDS[action.per] / action.rate
