"""The gate that lets requests through at a pace, for each key of its own, and the filter that says what is left.

The limit is the whole server's: each of its workers takes its share, ceil(limit / workers), and knows only of its own
requests. A request that waits holds its place in the pace, also when its client leaves: whoever opens and leaves gains
nothing. Fields are those of draft-ietf-httpapi-ratelimit-headers-10: in RateLimit `r` is how many may come at once now,
`t` the seconds until all of a burst may, or, when none may, until the next one, as Retry-After says then (6.3 there
wants the two to agree).
"""

from __future__ import annotations

from math import ceil

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.gateway.http.head import ResponseHead
from edge.gateway.limiting.keys import compile_key
from edge.gateway.limiting.pace import Pace
from edge.model.actions import LimitRate
from edge.model.actions.limits import SECONDS
from edge.rules.decision import Answer


class RateLimit:
    """Gate and filter."""

    def __init__(self, action: LimitRate, workers: int) -> None:
        """Raises TemplateError, a ValueError."""
        rate, burst = ceil(action.rate / workers), ceil((action.burst or action.rate) / workers)
        seconds = SECONDS[action.per]
        self._pace = Pace(seconds / rate, burst)
        self._key = compile_key(action.key)
        self._delays = action.delay
        self._status = action.status
        self._name = name = f'"{action.rate}-per-{action.per}"'
        self._policy = (b"ratelimit-policy", f"{name};q={action.rate};w={seconds}".encode())

    def enter(self, passage: Passage) -> Verdict | Answer:
        pace, path = self._pace, passage.path
        owed = pace.take(self._key(passage.request), path.now())
        if not pace.allows(owed):
            seconds = ceil(pace.until_next(owed)) or 1
            passage.notes[self] = (0, seconds)
            path.counters.limit(passage.application, "rate")
            text = f"too many requests; the next one may come in {seconds} s\n".encode()
            return Answer(self._status, text, b"text/plain", fields=((b"retry-after", b"%d" % seconds),))
        left = pace.left(owed)
        passage.notes[self] = (left, ceil(owed + pace.interval if left else pace.until_next(owed + pace.interval)))
        if self._delays and owed > 0.0:
            path.counters.limit(passage.application, "delayed")
            timer = path.loop.call_later(owed, passage.go_on)
            return passage.hold(timer.cancel)
        return PASS

    def replace(self, passage: Passage, status: int) -> Answer | None:
        return None

    def change(self, passage: Passage, response: ResponseHead) -> None:
        said = passage.notes.get(self)
        if said is not None:
            response.fields.append(self._policy)
            response.fields.append((b"ratelimit", f"{self._name};r={said[0]};t={said[1]}".encode()))
