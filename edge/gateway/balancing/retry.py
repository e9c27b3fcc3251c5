"""When a request that was sent may be sent again: policy only. `may_send_again` is for requests whose rule says nothing
about it, `allows` for those whose rule does."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from edge.gateway.settings import Settings
from edge.model.actions import Retries

IDEMPOTENT = frozenset(b"GET HEAD OPTIONS PUT DELETE QUERY PROPFIND SEARCH REPORT".split())
"""Methods that may be sent twice: RFC 9110 9.2.2 and the safe ones of WebDAV."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """How far a request came: `received` any byte of an answer, `body_held` the whole of what was sent is still here,
    `sends` how often it was sent, `age` seconds since it began."""

    method: bytes
    received: bool
    body_held: bool
    sends: int
    age: float


def may_send_again(attempt: Attempt, settings: Settings) -> bool:
    """Whether a request whose endpoint closed without an answer goes to another connection."""
    return (
        not attempt.received
        and attempt.method in IDEMPOTENT
        and attempt.body_held
        and attempt.sends < settings.attempts
        and attempt.age <= settings.retry_within
    )


DEFAULT = Retries()
"""What may be tried again for rules that do not say: nothing was sent, or the connection ended without an answer."""


def allows(retries: Retries, failure: str | int, method: bytes, *, sent: bool, body_held: bool) -> bool:
    """Whether a rule lets a request go to one more endpoint after `failure`: a condition, or the status of an answer.
    Attempts, time and budget are not asked here."""
    wanted: Collection[str | int] = retries.statuses if isinstance(failure, int) else retries.conditions
    if failure not in wanted:
        return False
    return not sent or (body_held and (retries.non_idempotent or method in IDEMPOTENT))
