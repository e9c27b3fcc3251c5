"""What of a client's request decides where it goes: the key of a hash, the values of a cookie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from edge.model.upstream import Hash

if TYPE_CHECKING:
    from edge.gateway.balancing.selector import Asker


def key_of(asker: Asker, by: Hash) -> bytes:
    """The key of a request, as the client sent it, before rules change it; empty when it has none, and for what the
    gateway asks by itself. A path is without its query string."""
    head = asker.head
    if head is None:
        return b""
    if by.by == "header":
        return header(head.fields, by.name.lower().encode())
    if by.by == "cookie":
        return next(cookies(head.fields, by.name.encode()), b"")
    if by.by == "path":
        return head.target.partition(b"?")[0]
    return asker.client_address().encode()


def header(fields: Sequence[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The first field of this lower-case name, empty when there is none."""
    for field, value in fields:
        if field == name:
            return value
    return b""


def cookies(fields: Sequence[tuple[bytes, bytes]], name: bytes) -> Iterator[bytes]:
    """The values that the client sent for one cookie: several when it has some of other paths, too (RFC 6265 5.4)."""
    for field, value in fields:
        if field == b"cookie" and name in value:
            for pair in value.split(b";"):
                written, equals, content = pair.partition(b"=")
                if equals and written.strip(b" \t") == name:
                    yield content.strip(b" \t")
