"""The head that a connection brought last, with what was made of it.

Clients that keep a connection open send the same fields again and again, and so do endpoints within a second. Comparing
a block of fields with the last one costs a tenth of a microsecond, reading and writing it anew some ten
(docs/decisions/gateway-speed.md). A memo is used only for a block that is the same byte for byte, so it cannot change
what a message means; what it holds was checked when it was read. It is never longer than LONGEST.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from edge.gateway.http.head import RequestHead, ResponseHead

LONGEST: Final = 2048
"""Bytes: longer blocks are read each time. It bounds what an idle connection holds."""


class Memo:
    """`block` are the bytes that were read, of a request those behind its first line; `fields` is what was found in
    them, `request` or `response` the head: none of it is ever changed. `method` is whose answer a response is. `lines`
    is what was last written of `fields`, under the conditions `key`."""

    __slots__ = ("block", "fields", "key", "lines", "method", "request", "response")

    def __init__(self) -> None:
        self.block = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.request: RequestHead | None = None
        self.response: ResponseHead | None = None
        self.method = b""
        self.key: tuple[Any, ...] = ()
        self.lines: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"<Memo {len(self.block)} bytes>"

    def remember_request(self, block: bytes, head: RequestHead) -> None:
        """Hold this head instead of the last one; nobody else has the object."""
        if len(block) <= LONGEST:
            self.block = block
            self.fields = head.fields
            self.request = head
            self.key = ()

    def remember_response(self, block: bytes, head: ResponseHead, method: bytes) -> None:
        """Hold this head, of an answer to a request of `method`."""
        if len(block) <= LONGEST:
            self.block = block
            self.fields = head.fields
            self.response = head
            self.method = method
            self.key = ()
