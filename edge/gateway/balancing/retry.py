"""When a request that was sent may be sent again: policy only."""

from __future__ import annotations

import msgspec

from edge.gateway.settings import Settings

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
