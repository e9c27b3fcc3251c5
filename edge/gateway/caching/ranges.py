"""The part of a stored answer that a request wants (RFC 9110 14): one range of bytes. Pure.

Several ranges, other units and what cannot be read are let be, as a server may (14.2): then the whole is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from edge.gateway.caching.freshness import Fields, joined

_one = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE | re.ASCII).fullmatch


def part(header: Callable[[bytes], str | None], fields: Fields, size: int) -> tuple[int, int] | None:
    """From where to where (behind the last byte) of `size` bytes; None: the whole. An empty part is one that there is
    not (416). `fields` are those of the stored answer."""
    found = _one((header(b"range") or "").replace(" ", ""))
    if found is None or not _is_same(header(b"if-range"), fields):
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if last else None
    start, end = int(first), int(last) + 1 if last else size
    if last and end <= start:
        return None  # that is no range (14.1.1)
    return (start, min(end, size)) if start < size else (size, size)


def _is_same(said: str | None, fields: Fields) -> bool:
    """Whether If-Range, if there is one, names this answer: by a strong tag, or exactly by its date (13.1.5)."""
    if said is None:
        return True
    said = said.strip()
    return said == joined(fields, b"etag" if said.startswith('"') else b"last-modified")
