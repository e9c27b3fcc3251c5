"""A request of the gateway's own to an endpoint, on the worker's pool: whole, small, and answered to a function.

It is to a connection what `Forwarding` is for a client's request. The request is known whole before it is sent. An idle
connection that turns out closed is tried anew once; beyond that nothing is tried again. Timeouts are the connection's.

`done` is called exactly once, with the answer's head and body, or with None when there was none, when it was not valid
or its body larger than `limit`; after `abandon` never.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from edge.gateway.http.requester import Requester
from edge.gateway.http.upstream import UpstreamConnection

if TYPE_CHECKING:
    from edge.gateway.balancing.backend import Backend
    from edge.gateway.balancing.pool import Pool
    from edge.gateway.balancing.target import Address
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.head import ResponseHead
    from edge.model.upstream import UpstreamTls

Done: TypeAlias = "Callable[[ResponseHead | None, bytes], None]"


class Subrequest(Requester):
    """`data` are the bytes of the whole request. With `limit` None the body is thrown away as it comes."""

    __slots__ = (
        "_data",
        "_done",
        "_fresh",
        "_head",
        "_left",
        "_limit",
        "_method",
        "_parts",
        "_path",
        "_pool",
        "_upstream",
    )

    request_ended = True
    head = None
    """It is nobody's request but the gateway's own: no key, no cookie."""

    def __init__(self, path: DataPath, method: bytes, data: bytes, done: Done, limit: int | None) -> None:
        self._path = path
        self._pool = path.pool
        self._method = method
        self._data = data
        self._done: Done | None = done
        self._limit = limit
        self._left = limit or 0
        self._head: ResponseHead | None = None
        self._parts: list[bytes] = []
        self._upstream: UpstreamConnection | None = None
        self._fresh = False

    def __repr__(self) -> str:
        return f"<Subrequest {self._method.decode()} {self._upstream!r}>"

    @property
    def pool(self) -> Pool:
        """The connections that it uses."""
        return self._pool

    def client_address(self) -> str:
        """There is no client."""
        return ""

    def is_secure(self) -> bool:
        """There is no client."""
        return False

    def random_bits(self, count: int) -> int:
        """A random number of so many bits."""
        return self._path.draw(count)

    def start(self, backend: Backend) -> None:
        """Ask one endpoint."""
        if backend.tls is not None:
            self._pool = self._path.pool_of(backend.tls)
        address = backend.choose(self, self._pool)
        if address is None:
            self._finish(None)
        else:
            self._connect(address)

    def ask(self, address: Address, tls: UpstreamTls | None) -> None:
        """Ask this endpoint, over TLS or plainly."""
        if tls is not None:
            self._pool = self._path.pool_of(tls)
        self._connect(address)

    def abandon(self) -> None:
        """No answer is needed any more."""
        self._done = None
        connection, self._upstream = self._upstream, None
        if connection is not None:
            connection.abandon()

    def _connect(self, address: Address) -> None:
        pool = self._pool
        connection = None if self._fresh else pool.take(address)
        if connection is None:
            self._upstream = connection = UpstreamConnection(self._path, self, pool)
            pool.open(connection, address)
        else:
            self._upstream = connection
            connection.send(self, self._data, self._method)

    def _finish(self, head: ResponseHead | None) -> None:
        self._upstream = None
        done, self._done = self._done, None
        if done is not None:
            done(head, b"".join(self._parts) if head is not None else b"")

    # What the connection tells

    def connected(self, connection: UpstreamConnection) -> None:
        """The new connection is there."""
        connection.send(self, self._data, self._method)

    def fail_to_connect(self, timed_out: bool, reason: str = "") -> None:
        """Nothing was sent."""
        self._finish(None)

    def upstream_lost(self, connection: UpstreamConnection) -> None:
        """The endpoint closed before its answer was whole."""
        self._upstream = None
        if connection.reused and not connection.received and not self._fresh and self._done is not None:
            self._fresh = True
            self._connect(connection.origin.address)
        else:
            self._finish(None)

    def fail_to_proxy(self, status: int, reason: str) -> None:
        """The endpoint did what is not allowed, or nothing for too long."""
        self._finish(None)

    def receive_interim(self, response: ResponseHead) -> None:
        """A 1xx helps nobody here."""

    def receive_response(self, response: ResponseHead, body: bytes, ended: bool) -> None:
        """The head with what came of its body."""
        self._head = response
        self.receive_body(body, ended)

    def receive_body(self, body: bytes, ended: bool) -> None:
        """More of the body."""
        if self._limit is not None:
            self._left -= len(body)
            if self._left < 0:
                connection = self._upstream
                self._finish(None)
                if connection is not None and not ended:
                    connection.abandon()
                return
            self._parts.append(body)
        if ended:
            self._finish(self._head)

    def may_switch(self, response: ResponseHead) -> bool:
        """It never asks for another protocol."""
        return False

    def tunnel(self, endpoint: Any, response: ResponseHead, rest: bytes) -> None:
        """Never called: `may_switch` says no."""

    def upstream_full(self) -> None:
        """All is in the connection's hands already."""

    def upstream_taking(self) -> None:
        """All is in the connection's hands already."""
