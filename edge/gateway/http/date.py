"""The Date of answers (RFC 9110 6.6.1), made anew once a second."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate

from edge import clock


class DateLine:
    """Call it for the whole line. `now` is the loop's time, which is cheaper to ask than the wall clock."""

    __slots__ = ("_line", "_now", "_until")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until = float("-inf")
        self._line = b""

    def __repr__(self) -> str:
        return f"<DateLine {self._line!r}>"

    def __call__(self) -> bytes:
        now = self._now()
        if now >= self._until:
            moment = clock.unix()
            self._until = now + 1.0 - moment % 1.0
            self._line = f"date: {formatdate(moment, usegmt=True)}\r\n".encode()
        return self._line
