"""A request's body on its way to an endpoint: framed anew, and kept while it is small, to be sent once more."""

from __future__ import annotations

from edge.gateway.http import chunks

BODY_HELD, UPSTREAM_FULL, HELD = 1, 2, 4
"""Why a client is not read: a body without a connection yet, an endpoint that does not take, too much pipelined."""


class RequestBody:
    """`held` is all that came so far, or None once it was too large to keep; `size` counts what was held."""

    __slots__ = ("_chunked", "held", "size")

    def __init__(self, chunked: bool) -> None:
        self._chunked = chunked
        self.held: list[bytes] | None = []
        self.size = 0

    def __repr__(self) -> str:
        return f"<RequestBody {self.size}{'' if self.held is not None else ' passed on'}>"

    def take(self, data: bytes, ended: bool) -> bytes:
        """More of the body; answers it as it is sent."""
        if self._chunked:
            data = chunks.encode(data) + chunks.LAST if ended else chunks.encode(data)
        if self.held is not None:
            self.held.append(data)
            self.size += len(data)
        return data

    def passed_on(self, limit: int) -> None:
        """All of it has been sent: keep it only up to `limit` bytes."""
        if self.size > limit:
            self.held = None
