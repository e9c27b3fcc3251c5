"""A request on its way to an endpoint: chosen, connected to, sent, sent again where that is allowed.

Rules. *Once*: a request is sent again only when nothing of it was sent, or when its method is idempotent
(RFC 9110 9.2.2), nothing of an answer was received, and its body is still held whole. A connection from the pool that
turns out closed says nothing about its endpoint; a new one closed without a word counts against it. *Snapshot*: the
backend is the one of the beginning, whatever is swapped in meanwhile.

What the endpoint answers goes to the exchange, which also hears when no endpoint is left to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge.gateway.balancing.retry import IDEMPOTENT, Attempt, may_send_again
from edge.gateway.http.headers import client_address, client_scheme
from edge.gateway.http.request_body import BODY_HELD, UPSTREAM_FULL
from edge.gateway.http.requester import Requester
from edge.gateway.http.upstream import CONNECTING, UpstreamConnection

if TYPE_CHECKING:
    from edge.gateway.balancing.backend import Backend
    from edge.gateway.balancing.pool import Origin, Pool
    from edge.gateway.balancing.target import Address
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.exchange import Exchange
    from edge.gateway.http.head import RequestHead, ResponseHead


class Forwarding(Requester):
    """The upstream's side of `exchange`. `head` are the bytes of the request's head as endpoints are sent it."""

    __slots__ = (
        "_backend",
        "_body",
        "_exchange",
        "_fresh",
        "_head",
        "_method",
        "_path",
        "_pool",
        "_reason",
        "_sends",
        "_timed_out",
        "_tried",
        "_tunnelled",
        "_upstream",
        "address",
        "attempts",
    )

    def __init__(self, exchange: Exchange, path: DataPath, backend: Backend, head: bytes) -> None:
        self._exchange = exchange
        self._path = path
        self._pool = path.pool if backend.tls is None else path.pool_of(backend.tls)
        self._reason = ""
        self._backend = backend
        self._head = head
        self._method = exchange.head.method
        self._body = exchange.body
        self._tried: list[Address] = []
        self._upstream: UpstreamConnection | None = None
        self._sends = 0
        self._fresh = False
        self._timed_out = False
        self._tunnelled: Origin | None = None
        self.address: Address | None = None
        self.attempts = 0

    def __repr__(self) -> str:
        return f"<Forwarding attempts={self.attempts} {self._upstream!r}>"

    @property
    def request_ended(self) -> bool:
        """Whether the client has sent its request whole."""
        return self._exchange.request_ended

    # Who asks, as selectors want to know it

    @property
    def pool(self) -> Pool:
        """The connections to endpoints."""
        return self._pool

    @property
    def head(self) -> RequestHead:
        """The client's request as it came."""
        return self._exchange.head

    def client_address(self) -> str:
        """The client's, as trusted proxies have it."""
        return client_address(self._exchange.head, self._exchange.client.peer, self._path.trusted_proxies)

    def is_secure(self) -> bool:
        """Whether the client speaks TLS, to this gateway or to a trusted proxy."""
        return client_scheme(self._exchange.head, self._exchange.client.peer) == "https"

    def random_bits(self, count: int) -> int:
        """A random number of so many bits."""
        return self._path.draw(count)

    # From the upstream to a sent request

    def choose_endpoint(self) -> None:
        """The next endpoint that has not been tried."""
        tried = self._tried
        address = self._backend.choose(self, self._pool, tried)
        if address is not None:
            self.attempts += 1
            self.connect(address)
        elif not tried:
            self._exchange.answer(503, self._backend.why_none(self._pool))
        elif self._timed_out:
            self._exchange.answer(504, "no endpoint of the upstream took the connection in time")
        else:
            self._exchange.answer(502, self._reason or "no endpoint of the upstream could be reached")

    def connect(self, address: Address) -> None:
        """A connection from the pool, or a new one."""
        path = self._path
        self.address = address
        connection = None if self._fresh else self._pool.take(address)
        if connection is not None and self._method not in IDEMPOTENT:
            while connection is not None and connection.is_stale():
                connection.drop()
                connection = self._pool.take(address)
        if connection is None:
            if (observed := self._exchange.observed) is not None:
                observed.connect(path.precise())
            self._upstream = connection = UpstreamConnection(path, self, self._pool)
            self._pool.open(connection, address)
        else:
            self._upstream = connection
            self.send_request(connection)

    def connected(self, connection: UpstreamConnection) -> None:
        """The new connection is there."""
        self.send_request(connection)

    def send_request(self, connection: UpstreamConnection) -> None:
        """Send the head with what there is of the body; the rest follows as it comes."""
        self._sends += 1
        if (observed := self._exchange.observed) is not None:
            observed.send(self._path.precise())
        body = self._body
        if body is None:
            connection.send(self, self._head, self._method)
            return
        assert body.held is not None
        self._exchange.client.unhold(BODY_HELD | UPSTREAM_FULL)  # before what may fill this connection, too
        connection.send(self, b"".join((self._head, *body.held)), self._method)
        body.passed_on(self._path.settings.replay_limit)

    def send_body(self, data: bytes, ended: bool) -> bool:
        """Send more of the body; False when there is no connection yet, so that it has to be held."""
        connection, body = self._upstream, self._body
        if connection is None or connection.state is CONNECTING:
            return False
        assert body is not None
        body.passed_on(self._path.settings.replay_limit)
        connection.send_more(data, ended)
        return True

    # What goes wrong on the way

    def fail_to_connect(self, timed_out: bool, reason: str = "") -> None:
        """Nothing was sent: the next endpoint, whatever the method."""
        assert self.address is not None
        self._upstream = None
        self._timed_out = self._timed_out or timed_out
        self._reason = reason or self._reason
        self._tried.append(self.address)
        if self._exchange.age() > self._path.settings.retry_within:
            self._exchange.answer(504 if self._timed_out else 502, self._reason)
            return
        self._path.counters.retries += 1
        self.choose_endpoint()

    def upstream_lost(self, connection: UpstreamConnection) -> None:
        """The endpoint closed before its answer was whole."""
        self._upstream = None
        path, exchange = self._path, self._exchange
        if exchange.answering:
            exchange.fail_to_proxy(502, "the endpoint closed before its answer was whole")
            return
        if not connection.reused and not connection.received:
            self._pool.failed(connection.origin)
            self._tried.append(connection.origin.address)
        body_held = self._body is None or self._body.held is not None
        attempt = Attempt(self._method, connection.received, body_held, self._sends, exchange.age())
        if not may_send_again(attempt, path.settings):
            exchange.answer(502, "the endpoint closed the connection without an answer")
            return
        self._fresh = True  # if one idle connection is closed, its neighbours may be too
        path.counters.retries += 1
        self.choose_endpoint()

    def fail_to_proxy(self, status: int, reason: str) -> None:
        """The endpoint did what is not allowed, or nothing for too long."""
        self._upstream = None
        self._exchange.fail_to_proxy(status, reason)

    def abandon(self) -> None:
        """No answer is needed any more."""
        connection, self._upstream = self._upstream, None
        if connection is not None:
            connection.abandon()

    def end(self) -> None:
        """The request is over."""

    # What the endpoint answers

    def receive_interim(self, response: ResponseHead) -> None:
        """A 1xx."""
        self._exchange.receive_interim(response)

    def receive_response(self, response: ResponseHead, body: bytes, ended: bool) -> None:
        """The head with what came of its body."""
        if ended:
            self._upstream = None
        if (observed := self._exchange.observed) is not None:
            observed.answer(self._path.precise(), response.status)
            if ended:
                observed.end(self._path.precise())
        if self._backend.sticky is not None:
            self._bind(response)
        self._exchange.receive_response(response, body, ended)

    def _bind(self, response: ResponseHead) -> None:
        """Give the client the cookie of the endpoint that answers, if it is another than before."""
        sticky, address = self._backend.sticky, self.address
        assert sticky is not None
        assert address is not None
        cookie = sticky.cookie(self, address)
        if cookie is not None:
            response.fields = [*response.fields, (b"set-cookie", cookie)]

    def receive_body(self, body: bytes, ended: bool) -> None:
        """More of the body."""
        if ended:
            self._upstream = None
            if (observed := self._exchange.observed) is not None:
                observed.end(self._path.precise())
        self._exchange.receive_body(body, ended)

    def may_switch(self, response: ResponseHead) -> bool:
        """Whether a 101 is what the client asked for."""
        return self._exchange.head.websocket and response.upgrade.lower() == b"websocket"

    def tunnel(self, endpoint: Any, response: ResponseHead, rest: bytes) -> None:
        """The endpoint agreed to a WebSocket."""
        assert self._upstream is not None
        self._tunnelled = self._upstream.origin
        self._upstream = None
        if self._backend.sticky is not None:
            self._bind(response)
        self._exchange.tunnel(endpoint, response, rest)

    def tunnel_ended(self) -> None:
        """The WebSocket is over."""
        if self._tunnelled is not None:
            self._pool.tunnel_ended(self._tunnelled)
            self._tunnelled = None

    # Back-pressure

    def client_full(self) -> None:
        """The client does not take what it is sent: read the endpoint no more."""
        if self._upstream is not None:
            self._upstream.pause_reading()

    def client_taking(self) -> None:
        """The client takes bytes again."""
        if self._upstream is not None:
            self._upstream.resume_reading()

    def upstream_full(self) -> None:
        """The endpoint does not take the body: read the client no more."""
        self._exchange.client.hold(UPSTREAM_FULL)

    def upstream_taking(self) -> None:
        """The endpoint takes bytes again."""
        self._exchange.client.unhold(UPSTREAM_FULL)
