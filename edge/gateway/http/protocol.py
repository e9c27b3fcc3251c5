"""A client's connection: reads requests one after another, hands each to an exchange, and writes its answers in order.

Words: a *head* is read whole before anything happens; the *exchange* is the request in hand, at most one; bytes behind
it are *held* (pipelining). *Discarding* reads away the rest of a body whose request has been answered already.
*Lingering* reads on after the last answer for a moment, because closing with unread bytes would reset the connection
and take the answer from the client (RFC 9112 9.6).

Invariants: requests are begun only when the one before is answered whole, so answers cannot change places. Nothing is
read while more than `buffer_limit` waits on either side: memory per connection is bounded. A request costs no task, no
timer and no exception here; deadlines are one attribute each (`timers`). When the connection is lost, however it is
lost, its deadline and its place in the worker's list go at once, so that nothing outlives it.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from edge.gateway.data_path import DataPath
from edge.gateway.http import answers
from edge.gateway.http.chunks import ChunkReader
from edge.gateway.http.exchange import Exchange
from edge.gateway.http.head import CHUNKED, MalformedError, read_request
from edge.gateway.http.headers import Peer, peer
from edge.gateway.http.memo import Memo
from edge.gateway.http.request_body import BODY_HELD, HELD, UPSTREAM_FULL
from edge.gateway.http.sockets import reset_at_close
from edge.gateway.http.start import check_start, first_fault
from edge.gateway.http.timers import NEVER, Holder
from edge.gateway.telemetry.recording import record_refused

if TYPE_CHECKING:
    from edge.gateway.tls.secured import Secured

Ends: TypeAlias = tuple[tuple[str, int] | None, tuple[str, int] | None]

_empty_lines: Final = re.compile(rb"(?:\r\n)+").match


class ClientProtocol(asyncio.Protocol, Holder):
    """One connection of a client; `secured` is what its TLS handshake agreed on, None for plain HTTP. `ends` are the
    (address, port) that it is from and was made to, as a PROXY header says; None: the socket's. `full`: it does not
    take what it is sent."""

    __slots__ = (
        "_buffer",
        "_chunks",
        "_closing",
        "_discarded",
        "_ends",
        "_head_begun",
        "_lingering",
        "_memo",
        "_path",
        "_pumping",
        "_quiet",
        "_reading_body",
        "_remaining",
        "_scheme",
        "exchange",
        "full",
        "half_closed",
        "peer",
        "secured",
        "transport",
    )

    transport: Any
    peer: Peer

    def __init__(
        self, path: DataPath, scheme: str = "http", secured: Secured | None = None, ends: Ends = (None, None)
    ) -> None:
        self._path = path
        self._ends = ends
        self._scheme = scheme
        self.secured = secured
        self.exchange: Exchange | None = None
        self.deadline = NEVER
        self.slot = 0
        self.half_closed = False
        self._buffer = b""
        self._memo = Memo()
        self._chunks: ChunkReader | None = None
        self._remaining = 0
        self._reading_body = False
        self._discarded = -1
        self._quiet = 0
        self.full = False
        self._pumping = False
        self._closing = False
        self._lingering = False
        self._head_begun = False

    def __repr__(self) -> str:
        return f"<ClientProtocol {self.peer.address} {self.exchange!r}>"

    # What the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        path = self._path
        self.transport = transport
        self.transport.set_write_buffer_limits(high=path.settings.buffer_limit)
        source, destination = self._ends
        name = source or transport.get_extra_info("peername")
        self.peer = peer(name, self._scheme, path.trusted_proxies, transport, destination)
        path.connections[self] = None
        path.wheel.set(self, path.now() + path.settings.header_timeout)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._reading_body:
            self._read_body(data)
        else:
            if self._buffer:
                data = self._buffer + data
                self._buffer = b""
            if self.exchange is None and not self.full:
                self._read_heads(data)
            else:
                self._buffer = data
                if len(data) > self._path.settings.buffer_limit:
                    self.hold(HELD)

    def eof_received(self) -> bool:
        if self._closing or self.exchange is None or self._reading_body:
            return False  # nothing can be answered any more; the transport closes
        if self.secured is not None:
            return False  # TLS here ends in both directions at once
        self.half_closed = True
        return True

    def pause_writing(self) -> None:
        self.full = True
        path = self._path
        path.wheel.set(self, path.now() + path.settings.send_timeout)
        if self.exchange is not None:
            self.exchange.client_full()

    def resume_writing(self) -> None:
        self.full = False
        path = self._path
        if self._closing:
            path.wheel.set(self, path.now() + path.settings.linger_timeout)
        elif self.exchange is not None:
            self._wait_for_body()
            self.exchange.client_taking()
        else:
            self._wait_for_request()
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        path = self._path
        path.wheel.remove(self)
        self._closing = True
        self._buffer = b""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.abandon()
        path.gone(self)

    def deadline_passed(self) -> None:
        """Which one it was follows from what was waited for."""
        if self._closing or self.full:
            if not self._lingering:  # something waits for a client who takes nothing
                reset_at_close(self.transport)
            self.transport.abort()
        elif self._discarded >= 0 and self.exchange is None:
            self._closing = True
            self.transport.close()
        elif self.exchange is not None:
            self.exchange.refuse(408, "the request's body did not arrive in time")
        elif self._head_begun:
            self.refuse(MalformedError(408, "the request's header did not arrive in time"))
        else:
            self.transport.close()

    # Reading

    def _read_heads(self, data: bytes) -> None:
        """Begin the requests in `data` one after another, as long as each is answered at once."""
        path = self._path
        settings = path.settings
        self._pumping = True
        while data:
            if data[0] == 13 and not self._head_begun:  # RFC 9112 2.2: an empty line after some old clients' bodies
                empty = _empty_lines(data)
                if empty is not None:
                    data = data[empty.end() :]
                    continue
                if len(data) == 1:  # its other half is on the way
                    break
            end = data.find(b"\r\n\r\n") + 4
            if end < 4 or end > settings.head_limit:
                self._pumping = False
                self._read_start(data)
                return
            try:
                head = read_request(data[:end], settings.target_limit, settings.field_limit, self._memo)
            except MalformedError as error:
                self._pumping = False
                self.refuse(first_fault(data[:end], error, settings.head_limit, settings.target_limit))
                return
            self._head_begun = False
            rest = data[end:]
            length = head.length
            exchange = self.exchange = Exchange(path, self, head)
            if length == 0:
                self._buffer = rest
                self.deadline = NEVER
                exchange.find_application()
            else:
                self._reading_body = True
                self._remaining = length
                if length == CHUNKED:
                    self._chunks = ChunkReader()
                self._wait_for_body()
                if not settings.body_limit or exchange.limit_body(settings.body_limit):
                    exchange.find_application()
                if rest and not self._closing:
                    self._read_body(rest)
            if self._is_occupied():
                self._pumping = False
                return
            data = self._buffer
            self._buffer = b""
        self._buffer = data
        self._pumping = False

    def _is_occupied(self) -> bool:
        return self.exchange is not None or self._reading_body or self._closing or self.full

    def _read_start(self, data: bytes) -> None:
        """Keep a head that is not complete, unless it can never be good."""
        settings = self._path.settings
        try:
            check_start(data[: settings.head_limit + 1], settings.head_limit, settings.target_limit)
        except MalformedError as error:
            self.refuse(error)
            return
        self._buffer = data
        if not self._head_begun:
            self._head_begun = True
            self._path.wheel.set(self, self._path.now() + settings.header_timeout)

    def _read_body(self, data: bytes) -> None:
        chunks = self._chunks
        if chunks is None:
            rest = data[self._remaining :]
            if rest:
                data = data[: self._remaining]
            self._remaining -= len(data)
            ended = self._remaining == 0
        else:
            try:
                data, left = chunks.feed(data)
            except MalformedError as error:
                if self.exchange is not None:
                    self.exchange.refuse(error.status, error.reason)
                else:
                    self.transport.abort()
                return
            ended = left is not None
            rest = left or b""
        if ended:
            self._reading_body = False
            self._chunks = None
            self._buffer = rest
            if len(rest) > self._path.settings.buffer_limit:
                self.hold(HELD)
        if self.exchange is not None:
            if ended:
                self.deadline = NEVER
            else:
                self._wait_for_body()
            self.exchange.receive_request_body(data, ended)
        elif ended:
            self._discarded = -1
            self._wait_for_request()
            self._go_on()
        else:
            self._discarded += len(data)
            if self._discarded > self._path.settings.discard_limit:
                self._close()

    def hold(self, reason: int) -> None:
        """Read no more for `reason`."""
        if not self._quiet:
            self.transport.pause_reading()
            if self._reading_body:  # it is not the client who is slow now
                self._path.wheel.set(self, NEVER)
        self._quiet |= reason

    def unhold(self, reason: int) -> None:
        """`reason` is gone; read again if no other is left."""
        if self._quiet & reason:
            self._quiet &= ~reason
            if not self._quiet and not self._lingering:
                self.transport.resume_reading()
                if self._reading_body and not self.full:
                    self._wait_for_body()

    def _go_on(self) -> None:
        """Begin what is held, if this is not being done further up the stack."""
        if self._pumping or self.full:
            return
        data = self._buffer
        if data:
            self._buffer = b""
            self.unhold(HELD)
            self._read_heads(data)
        elif self.half_closed and self.exchange is None:
            self.transport.close()

    def _wait_for_body(self) -> None:
        path = self._path
        deadline = path.now() + path.settings.body_timeout if self._reading_body else NEVER
        path.wheel.set(self, deadline)

    def _wait_for_request(self) -> None:
        path = self._path
        timeout = path.drain_patience if path.draining else path.settings.keep_alive_timeout
        path.wheel.set(self, path.now() + timeout)

    # Writing

    def write(self, data: bytes) -> None:
        """Send a part of an answer."""
        self.transport.write(data)

    def exchange_finished(self, keep_alive: bool) -> None:
        """The exchange in hand has been answered whole."""
        self.exchange = None
        if self._quiet:
            self.unhold(BODY_HELD | UPSTREAM_FULL)
        if not keep_alive:
            self._close()
        elif self._reading_body:
            self._discarded = 0
            path = self._path
            path.wheel.set(self, path.now() + path.settings.linger_timeout)
        else:
            if not self.full:
                self._wait_for_request()
            if self._buffer or self.half_closed:
                self._go_on()

    def refuse(self, error: MalformedError) -> None:
        """Answer a request that could not be read, and close: where the next one begins is not known."""
        path = self._path
        identity = path.fresh_id()
        data = answers.build(error.status, identity, path.date(), reason=error.reason, keep_alive=False)
        self._reading_body = True  # whatever follows is read away
        self.write(data)
        record_refused(path, self.peer, identity, error, len(data))
        self._close()

    def abort(self) -> None:
        """Cut the connection: an answer that has begun cannot be finished, and must not look as if it were."""
        self._closing = True
        if self.exchange is not None and self.exchange.ends_with_connection:
            reset_at_close(self.transport)
        self.transport.abort()

    def take_over(self) -> bytes:
        """Hand the transport to a tunnel; what was read behind the request is returned."""
        self._closing = True
        self._path.wheel.remove(self)
        self._path.connections.pop(self, None)
        self.exchange = None
        data, self._buffer = self._buffer, b""
        return data

    def drain(self) -> None:
        """The worker ends: an idle connection gets a moment for a last request, which is answered with close."""
        if self.exchange is None and not self._closing and not self._head_begun and not self._reading_body:
            self._wait_for_request()

    def _close(self) -> None:
        self._closing = True
        self._buffer = b""
        path = self._path
        if self._reading_body and self._quiet:
            self._quiet = 0
            self.transport.resume_reading()
        if not self._reading_body or self.secured is not None:  # TLS lingers by itself, behind its close_notify
            path.wheel.set(self, path.now() + path.settings.send_timeout)
            self.transport.close()
            return
        self._lingering = True
        if not self.transport.is_closing():
            self.transport.write_eof()
        path.wheel.set(self, path.now() + path.settings.linger_timeout)
