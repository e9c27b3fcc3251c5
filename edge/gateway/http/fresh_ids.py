"""Ids for requests, drawn many at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

DIGITS: Final = 32
"""Hexadecimal digits of an id: 128 random bits, as trace ids of W3C have."""
_AT_ONCE: Final = 64


class FreshIds:
    """`draw` gives a random number of so many bits. Drawing 64 ids costs little more than drawing one."""

    __slots__ = ("_digits", "_draw", "_next")

    def __init__(self, draw: Callable[[int], int]) -> None:
        self._draw = draw
        self._digits = b""
        self._next = 0

    def __repr__(self) -> str:
        return f"<FreshIds left={(len(self._digits) - self._next) // DIGITS}>"

    def next(self) -> bytes:
        """One that was not given before."""
        start = self._next
        if start == len(self._digits):
            self._digits = b"%0*x" % (DIGITS * _AT_ONCE, self._draw(4 * DIGITS * _AT_ONCE))
            start = 0
        self._next = start + DIGITS
        return self._digits[start : start + DIGITS]
