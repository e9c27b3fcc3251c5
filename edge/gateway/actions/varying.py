"""Vary: what of a request its answer depends on (RFC 9110 12.5.5)."""

from __future__ import annotations

from collections.abc import Sequence


def with_vary(fields: Sequence[tuple[bytes, bytes]], name: bytes) -> list[tuple[bytes, bytes]]:
    """The fields of an answer with one more name in Vary, unless it stands there already."""
    said = b",".join(value.lower() for field, value in fields if field == b"vary")
    names = [each.strip() for each in said.split(b",")]
    if name.lower() in names or b"*" in names:
        return list(fields)
    return [*fields, (b"vary", name)]
