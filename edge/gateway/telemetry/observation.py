"""When a request's endpoint was connected to, asked and answered: noted only where somebody wants to know.

A data path without chosen log fields and without tracing makes none of these, and a request pays for looking whether
there is one.
"""

from __future__ import annotations

from typing import NamedTuple


class Trace(NamedTuple):
    """The trace that a request is part of: ids in hexadecimal, of the whole, of the caller's span (empty: it begins
    here), of the span of what the client asked and of the one for what an endpoint is asked; `state` is its
    `tracestate`."""

    trace: bytes
    parent: bytes
    server: bytes
    client: bytes
    state: bytes = b""


class Observation:
    """Times in seconds of the precise clock, of the last endpoint that was asked; None: it did not come to that.
    `status` is its answer's, `trace` is not None when the request is traced."""

    __slots__ = ("answered", "connected", "connecting", "ended", "sent", "status", "trace")

    def __init__(self, trace: Trace | None = None) -> None:
        self.trace = trace
        self.connecting: float | None = None
        self.connected: float | None = None
        self.sent: float | None = None
        self.answered: float | None = None
        self.ended: float | None = None
        self.status: int | None = None

    def __repr__(self) -> str:
        return f"<Observation {self.status}>"

    def edits(self) -> tuple[tuple[bytes, bytes | None], ...]:
        """What endpoints are told of the trace. A state without a valid parent means nothing."""
        trace = self.trace
        if trace is None:
            return ()
        parent = (b"traceparent", b"00-%b-%b-01" % (trace.trace, trace.client))
        return (parent,) if trace.parent else (parent, (b"tracestate", None))

    def connect(self, now: float) -> None:
        """A connection is being opened."""
        self.connecting, self.connected = now, None
        self._forget_answer()

    def send(self, now: float) -> None:
        """The head goes to an endpoint, over a connection just opened or one that was idle."""
        if self.connecting is None or self.connected is not None:
            self.connecting = self.connected = None
        else:
            self.connected = now
        self._forget_answer()
        self.sent = now

    def answer(self, now: float, status: int) -> None:
        """The head of the endpoint's answer has come."""
        self.answered = now
        self.status = status

    def end(self, now: float) -> None:
        """The endpoint's answer has come whole."""
        self.ended = now

    def _forget_answer(self) -> None:
        self.sent = self.answered = self.ended = self.status = None

    @property
    def connect_seconds(self) -> float | None:
        """What opening the connection took; None over an idle one."""
        return _between(self.connecting, self.connected)

    @property
    def header_seconds(self) -> float | None:
        """From what was sent to the head of the answer."""
        return _between(self.sent, self.answered)

    @property
    def seconds(self) -> float | None:
        """From what was sent to the end of the answer."""
        return _between(self.sent, self.ended)


def _between(first: float | None, last: float | None) -> float | None:
    return None if first is None or last is None else last - first
