"""The fields that a connection brought last, with what was made of them.

Clients that keep a connection open send the same fields again and again, and so do endpoints within a second. Comparing
a block of fields with the last one costs a tenth of a microsecond, reading and writing it anew some ten
(docs/decisions/gateway-speed.md). A memo is used only for a block that is the same byte for byte, so it cannot change
what a message means; what it holds was checked when it was read. It is never longer than LONGEST.
"""

from __future__ import annotations

from typing import Any

LONGEST = 2048
"""Bytes: longer blocks are read each time. It bounds what an idle connection holds."""


class Memo:
    """`block` are the bytes that were read, `fields` and `special` what was found in them: neither is ever changed.
    `lines` is what was last written of `fields`, under the conditions `key`."""

    __slots__ = ("block", "fields", "key", "lines", "special")

    def __init__(self) -> None:
        self.block = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.special: dict[bytes, bytes] = {}
        self.key: tuple[Any, ...] = ()
        self.lines: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"<Memo {len(self.block)} bytes>"

    def remember(self, block: bytes, fields: list[tuple[bytes, bytes]], special: dict[bytes, bytes]) -> None:
        """Hold this block instead of the last one."""
        if len(block) <= LONGEST:
            self.block = block
            self.fields = fields
            self.special = special
            self.key = ()
