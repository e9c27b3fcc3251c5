"""One connection to an endpoint: sends a request, reads its answer strictly, and goes back to the pool.

The states are the table below; code walks it and keeps nothing else in mind about order. Whatever the endpoint does
that the table and the head check do not allow ends the connection, never the worker: the exchange hears why at one
seam (`fail_to_connect`, `upstream_lost`, `fail_to_proxy`) and decides between another endpoint and 502/504.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from edge.gateway.balancing.health import HEALTHY
from edge.gateway.http.chunks import ChunkReader
from edge.gateway.http.head import CHUNKED, UNTIL_CLOSE, MalformedError, ResponseHead, read_response
from edge.gateway.http.memo import Memo
from edge.gateway.http.sockets import has_spoken, read_unread
from edge.gateway.http.timers import NEVER, Holder

if TYPE_CHECKING:
    from edge.gateway.balancing.pool import Origin, Pool
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.requester import Requester
    from edge.model.upstream import UpstreamTls

CONNECTING: Final = "connecting"
IDLE: Final = "idle"
WAITING: Final = "waiting"
RECEIVING: Final = "receiving"
CLOSED: Final = "closed"

TRANSITIONS: Final[dict[str, dict[str, str]]] = {
    # state:    what happens -> next state
    CONNECTING: {"connected": WAITING, "connected for nobody": IDLE, "lost": CLOSED},
    IDLE: {"request": WAITING, "data": CLOSED, "lost": CLOSED},
    WAITING: {"head": RECEIVING, "failure": CLOSED, "tunnel": CLOSED, "lost": CLOSED},
    RECEIVING: {"end, kept": IDLE, "end, not kept": CLOSED, "failure": CLOSED, "lost": CLOSED},
    CLOSED: {"lost": CLOSED},
}
"""A connection in state CLOSED may still be flushing; nothing of it is read any more."""


class UpstreamConnection(asyncio.Protocol, Holder):
    """`reused` tells that an earlier request was answered on it, `received` that this one's answer has begun."""

    __slots__ = (
        "_broken",
        "_chunks",
        "_held",
        "_interim",
        "_memo",
        "_method",
        "_path",
        "_pool",
        "_remaining",
        "_reusable",
        "exchange",
        "origin",
        "received",
        "reused",
        "state",
        "transport",
    )

    origin: Origin
    transport: Any

    def __init__(self, path: DataPath, exchange: Requester | None, pool: Pool | None = None) -> None:
        self._path = path
        self._pool = pool or path.pool
        self.exchange = exchange
        self.state = CONNECTING
        self.reused = False
        self.received = False
        self.deadline = NEVER
        self.slot = 0
        self._broken = False
        self._held = b""
        self._interim = 0
        self._memo = Memo()
        self._method = b""
        self._remaining = 0
        self._chunks: ChunkReader | None = None
        self._reusable = False

    def __repr__(self) -> str:
        host, port = self.origin.address
        return f"<UpstreamConnection {host}:{port} {self.state}>"

    def _walk(self, happening: str) -> None:
        self.state = TRANSITIONS[self.state][happening]

    @property
    def tls(self) -> UpstreamTls | None:
        """How the endpoint is spoken to over TLS; None: plain."""
        return self._pool.tls

    # What the exchange asks for

    def send(self, exchange: Requester, data: bytes, method: bytes) -> None:
        """Send the beginning of a request, or all of it; the connection is idle or has just been opened."""
        if self.state is IDLE:
            self._walk("request")
            self.exchange = exchange
        self.received = False
        self._interim = 0
        self._method = method
        self.transport.write(data)
        self.request_written(exchange.request_ended)

    def send_more(self, data: bytes, ended: bool) -> None:
        """Send more of the request's body."""
        if not self.transport.is_closing():  # then it has failed, which the loop tells in its next turn
            self.transport.write(data)
        self.request_written(ended)

    def request_written(self, ended: bool) -> None:
        """The answer is waited for once all is written; until then the client's own timeout counts."""
        path = self._path
        path.wheel.set(self, path.now() + path.settings.response_timeout if ended else NEVER)

    def is_stale(self) -> bool:
        """Whether the endpoint has closed or spoken unasked: for requests that could not be sent again."""
        return has_spoken(self.transport)

    def pause_reading(self) -> None:
        """The client does not take what it is sent."""
        if self.state is RECEIVING:
            self.transport.pause_reading()
            self._path.wheel.set(self, NEVER)

    def resume_reading(self) -> None:
        """The client takes bytes again."""
        if self.state is RECEIVING:
            self.transport.resume_reading()
            self._touch()

    def abandon(self) -> None:
        """The exchange needs no answer any more. A connection still being opened goes to the pool when it is there."""
        self.exchange = None
        if self.state is not CONNECTING:
            self._end("failure", abort=True)

    def drop(self) -> None:
        """Close a connection that was taken from the pool and is of no use."""
        self._walk("lost")
        self._path.wheel.remove(self)
        self._pool.release(self, False)
        self.transport.abort()

    def close(self) -> None:
        """Close an idle connection."""
        if self.state is IDLE:
            self._walk("lost")
            self._path.wheel.remove(self)
            self.transport.close()

    # What the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(high=self._path.settings.buffer_limit)
        self._pool.opened(self.origin)
        exchange = self.exchange
        if exchange is None:
            self._walk("connected for nobody")
            self._rest(True)
        else:
            self._walk("connected")
            exchange.connected(self)

    def connect_failed(self, timed_out: bool, reason: str = "") -> None:
        """No connection came about; nothing has been sent. `reason` says why, where there is more to say."""
        if self.state is not CONNECTING:
            return
        self._walk("lost")
        exchange, self.exchange = self.exchange, None
        self._pool.not_opened(self.origin)
        if exchange is not None:
            exchange.fail_to_connect(timed_out, reason)

    def data_received(self, data: bytes) -> None:
        state = self.state
        if state is WAITING:
            self._read_head(data)
        elif state is RECEIVING:
            try:
                body, ended = self._read_body(data)
            except MalformedError as error:
                self._fail(502, error.reason)
                return
            assert self.exchange is not None
            exchange = self.exchange
            if ended:
                self._finish(exchange)
            else:
                self._touch()
            exchange.receive_body(body, ended)
        elif state is IDLE:  # an answer nobody asked for would be the next request's
            self._walk("data")
            self._path.wheel.remove(self)
            self._pool.idle_lost(self)
            self.transport.abort()

    def eof_received(self) -> None:
        """The endpoint has said its last, and the transport closes itself. Over TLS uvloop calls this for an announced
        end only: another may be an attacker's, so it ends no body that has no other end (RFC 9112 9.8)."""
        exchange = self.exchange
        if exchange is not None and self.state is RECEIVING and self._remaining == UNTIL_CLOSE:
            self._reusable = False
            self._finish(exchange)
            exchange.receive_body(b"", True)

    def pause_writing(self) -> None:
        if self.exchange is not None:
            path = self._path
            path.wheel.set(self, path.now() + path.settings.response_timeout)
            self.exchange.upstream_full()

    def resume_writing(self) -> None:
        if self.exchange is not None:
            self.request_written(self.exchange.request_ended)
            self.exchange.upstream_taking()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and self.exchange is not None:
            self._broken = True
            if answer := read_unread(self.transport):
                self.data_received(answer)
        state = self.state
        self._path.wheel.remove(self)
        if state is CLOSED:
            return
        self._walk("lost")
        if state is IDLE:
            self._pool.idle_lost(self)
            return
        exchange, self.exchange = self.exchange, None
        self._pool.release(self, False)
        assert exchange is not None
        exchange.upstream_lost(self)

    def deadline_passed(self) -> None:
        """Idle for too long, or the answer is."""
        if self.state is IDLE:
            self._pool.idle_lost(self)
            self.close()
        elif self.exchange is not None:
            if not self.received:
                self._pool.failed(self.origin)
            self._fail(504, "the endpoint did not answer in time")

    # How an answer is read

    def _read_head(self, data: bytes) -> None:
        self.received = True
        if self.origin.health is not HEALTHY:
            self._pool.answered(self.origin)
        path = self._path
        exchange = self.exchange
        assert exchange is not None
        if self._held:
            data = self._held + data
            self._held = b""
        while True:
            end = data.find(b"\r\n\r\n") + 4
            if end < 4 or end > path.settings.head_limit:
                if len(data) > path.settings.head_limit:
                    self._fail(502, "the endpoint's header is too large")
                else:
                    self._held = data
                    self.request_written(exchange.request_ended)
                return
            try:
                head = read_response(data[:end], self._method, path.settings.field_limit, self._memo)
            except MalformedError as error:
                self._fail(502, error.reason)
                return
            data = data[end:]
            if head.status >= 200:
                break
            if head.status == 101:
                self._switch(head, data)
                return
            self._interim += end  # a client that takes nothing must not be owed hints without end
            if self._interim > path.settings.head_limit:
                self._fail(502, "the endpoint sends interim answers without end")
                return
            exchange.receive_interim(head)
            if not data or self.exchange is not exchange:
                return
        self._walk("head")
        self._reusable = head.keep_alive
        self._remaining = length = head.length
        if length == CHUNKED:
            self._chunks = ChunkReader()
        ended = length == 0
        if data or ended:
            try:
                data, ended = self._read_body(data)
            except MalformedError as error:
                self._fail(502, error.reason)
                return
        if ended:
            self._finish(exchange)
        else:
            self._touch()
        exchange.receive_response(head, data, ended)

    def _read_body(self, data: bytes) -> tuple[bytes, bool]:
        """(the payload in `data`, whether it was the last)."""
        remaining = self._remaining
        if remaining >= 0:
            size = len(data)
            if size > remaining:  # what follows belongs to no request
                self._reusable = False
                data = data[:remaining]
                size = remaining
            self._remaining = remaining - size
            return data, size == remaining
        if remaining == UNTIL_CLOSE:
            return data, False
        assert self._chunks is not None
        payload, rest = self._chunks.feed(data)
        if rest:
            self._reusable = False
        return payload, rest is not None

    def _switch(self, head: ResponseHead, rest: bytes) -> None:
        exchange = self.exchange
        assert exchange is not None
        if not exchange.may_switch(head):
            self._fail(502, "the endpoint switched protocols unasked")
            return
        self._walk("tunnel")
        self.exchange = None
        self._path.wheel.remove(self)
        self._pool.tunnelled(self.origin)
        exchange.tunnel(self.transport, head, rest)

    # How it ends

    def _touch(self) -> None:
        self.request_written(True)

    def _finish(self, exchange: Requester) -> None:
        self.exchange = None
        self._chunks = None
        kept = self._reusable and exchange.request_ended and not self._broken
        if not kept:
            self._end("end, not kept", abort=not exchange.request_ended)
            return
        self._walk("end, kept")
        self._rest(kept)

    def _rest(self, finished: bool) -> None:
        path = self._path
        if self._pool.release(self, finished):
            self.reused = True
            path.wheel.set(self, path.now() + path.settings.upstream_idle_timeout)
        else:
            self._walk("lost")
            path.wheel.remove(self)
            self.transport.close()

    def _fail(self, status: int, reason: str) -> None:
        exchange, self.exchange = self.exchange, None
        self._end("failure", abort=True)
        if exchange is not None:
            exchange.fail_to_proxy(status, reason)

    def _end(self, happening: str, abort: bool) -> None:
        if self.state is CLOSED:
            return
        self._walk(happening)
        self._path.wheel.remove(self)
        self._pool.release(self, False)
        if abort:
            self.transport.abort()
        else:
            self.transport.close()
