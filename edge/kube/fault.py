"""What can go wrong when a cluster is read, each with a reason that decides what happens next."""

from __future__ import annotations

from typing import Literal, TypeAlias

Reason: TypeAlias = Literal[
    "unauthorized",  # 401: the token is not (or no longer) accepted
    "forbidden",  # 403: the token may not do this
    "missing",  # 404: the API server does not have this resource
    "expired",  # 410: the version or continue token is older than the history
    "throttled",  # 429, or 503 with Retry-After: come back later
    "failing",  # any other answer that is not success
    "unreachable",  # no connection, no answer in time, or the connection broke
    "tls",  # the connection could not be secured
    "malformed",  # an answer that is not what the API promises
]


class Fault(Exception):
    """A failed exchange with an API server. `message` is for people: what was asked, what came, what to do; it holds
    no secret and at most 300 characters of what the server said. `retry_after` is seconds, when the server said so;
    `code` the HTTP status, when there was an answer."""

    def __init__(self, reason: Reason, message: str, retry_after: float | None = None, code: int | None = None) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message
        self.retry_after = retry_after
        self.code = code

    def __repr__(self) -> str:
        return f"<Fault {self.reason}: {self.message}>"
