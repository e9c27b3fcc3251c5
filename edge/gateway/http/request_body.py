"""A request's body on its way to an endpoint: framed anew, kept while it is small, to be sent once more, and no longer
than it may be."""

from __future__ import annotations

from typing import Final

from edge.gateway.http import chunks

BODY_HELD: Final = 1
UPSTREAM_FULL: Final = 2
HELD: Final = 4
"""Why a client is not read: a body without a connection yet, an endpoint that does not take, too much pipelined."""
UNLIMITED: Final = 1 << 62
"""Bytes: longer than any body."""


class RequestBody:
    """`held` is all that came so far, or None once it was too large to keep; `size` counts what was held. `limit` is
    how many bytes it may have."""

    __slots__ = ("_chunked", "_length", "_received", "held", "limit", "size")

    def __init__(self, length: int) -> None:
        """`length` is what the head says, negative where it says none."""
        self._length = length
        self._chunked = length < 0
        self._received = 0
        self.held: list[bytes] | None = []
        self.limit = UNLIMITED
        self.size = 0

    def __repr__(self) -> str:
        return f"<RequestBody {self.size}{'' if self.held is not None else ' passed on'}>"

    def take(self, data: bytes, ended: bool) -> bytes:
        """More of the body; answers it as it is sent."""
        self._received += len(data)
        if self._chunked:
            data = chunks.encode(data) + chunks.LAST if ended else chunks.encode(data)
        if self.held is not None:
            self.held.append(data)
            self.size += len(data)
        return data

    @property
    def received(self) -> int:
        """Bytes that came, without their framing."""
        return self._received

    @property
    def is_too_long(self) -> bool:
        """Whether it is, or is said to be, longer than `limit`."""
        return self._received > self.limit or self._length > self.limit

    def passed_on(self, limit: int) -> None:
        """All of it has been sent: keep it only up to `limit` bytes."""
        if self.size > limit:
            self.held = None
