"""The gate that sends a copy of requests to another upstream and throws the answer away.

The copy is what the endpoint is sent: with the rules' edits and path, with the same request id. It never holds the
request up and never fails it: a body is copied while it passes, and only up to `max_body`; when IN_FLIGHT copies have
not been answered yet, or the other upstream has no endpoint, there is no copy.
"""

from __future__ import annotations

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.gateway.http.head import CHUNKED, ResponseHead
from edge.gateway.http.subrequest import Subrequest
from edge.model.actions import Mirror
from edge.rules.decision import Answer

IN_FLIGHT = 100
"""Copies of one action that may wait for their answers."""


class Mirroring:
    """The gate."""

    def __init__(self, action: Mirror) -> None:
        self._upstream = action.upstream
        self._largest = action.max_body
        self._share = int(action.share * 2**32)
        self._in_flight = 0

    def enter(self, passage: Passage) -> Verdict | Answer:
        head = passage.head
        if head.websocket or passage.path.draw(32) >= self._share:
            return PASS
        if head.length == 0:
            self._send(passage, [])
        elif head.length == CHUNKED or head.length <= self._largest:
            _Copying(self, passage, self._largest)
        return PASS

    def _send(self, passage: Passage, body: list[bytes]) -> None:
        if self._in_flight >= IN_FLIGHT:
            return
        self._in_flight += 1
        data = b"".join((passage.upstream_head(), *body))
        copy = Subrequest(passage.path, passage.head.method, data, self._answered, None)
        passage.start(copy, self._upstream)

    def send(self, passage: Passage, body: list[bytes]) -> None:
        """The body is whole."""
        self._send(passage, body)

    def _answered(self, response: ResponseHead | None, body: bytes) -> None:
        self._in_flight -= 1


class _Copying:
    """The body of one request, copied as it passes."""

    __slots__ = ("_left", "_mirroring", "_parts", "_passage")

    def __init__(self, mirroring: Mirroring, passage: Passage, limit: int) -> None:
        self._mirroring = mirroring
        self._passage = passage
        self._parts: list[bytes] = []
        self._left = limit
        passage.taps.append(self._take)

    def _take(self, data: bytes, ended: bool) -> None:
        self._left -= len(data)
        if self._left < -64:  # what frames chunks is in `data`, too
            self._parts.clear()
            return
        self._parts.append(data)
        if ended:
            self._mirroring.send(self._passage, self._parts)
