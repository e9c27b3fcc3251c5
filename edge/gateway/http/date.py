"""The Date of answers (RFC 9110 6.6.1), made anew once a second.

`email.utils.formatdate` says the same, and brings 0.5 MB of mail into every worker; `strftime` asks the locale.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from edge import clock

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(moment: float) -> str:
    """Unix seconds as an IMF-fixdate (RFC 9110 5.6.7)."""
    t = time.gmtime(moment)
    day, month = _DAYS[t.tm_wday], _MONTHS[t.tm_mon - 1]
    return f"{day}, {t.tm_mday:02} {month} {t.tm_year:04} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} GMT"


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
            self._line = f"date: {http_date(moment)}\r\n".encode()
        return self._line
