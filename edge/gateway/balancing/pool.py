"""Connections to endpoints: which to reuse, when to open one, which to close, whom to pass over.

Words: an *origin* is all that is known of one address: its connections and its *health* (`health` has the words for
it). A connection is connecting, busy with one exchange, or idle. An origin is *retired* when no snapshot names its
endpoint any more.

Rules: policy is pure functions, `is_kept` and those of `health`; `Pool` does what they decide. The newest idle
connection is reused first, so that the oldest run out. A connection is kept only when both sides finished their
message, its origin is not retired, the worker is not draining and there is room. Reusing a connection costs one dict
lookup and one list pop; no timer: idle connections sit in the deadline wheel. Empty, healthy origins are forgotten, so
churning pods leave nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from edge.gateway.balancing.health import HEALTHY, after_choice, after_failure
from edge.gateway.balancing.target import Address
from edge.gateway.settings import Settings
from edge.model.upstream import UpstreamTls

if TYPE_CHECKING:
    from edge.gateway.http.upstream import UpstreamConnection


def is_kept(origin: Origin, *, finished: bool, draining: bool, limit: int) -> bool:
    """Whether a connection that has answered waits for the next request; `finished`: both messages ended well."""
    return finished and not draining and not origin.retired and len(origin.idle) < limit


class Origin:
    """One address. `idle` is in order of last use; `tunnels` are WebSockets, whose connections come back no more."""

    __slots__ = ("address", "busy", "connecting", "health", "idle", "retired", "tunnels")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.idle: list[UpstreamConnection] = []
        self.busy = 0
        self.connecting = 0
        self.tunnels = 0
        self.retired = False
        self.health = HEALTHY

    def __repr__(self) -> str:
        notes = " retired" if self.retired else ""
        host, port = self.address
        return f"<Origin {host}:{port} idle={len(self.idle)} busy={self.busy} connecting={self.connecting}{notes}>"


class Pool:
    """All origins of a worker that are spoken to alike: over TLS as `tls` says, or plain. `connect` opens a connection
    for one and calls its `connection_made` or `connect_failed`."""

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], float],
        connect: Callable[[UpstreamConnection], None],
        tls: UpstreamTls | None = None,
    ) -> None:
        self.tls = tls
        self._settings = settings
        self.now = now
        self._connect = connect
        self._origins: dict[Address, Origin] = {}
        self.ejected: dict[Address, None] = {}
        self.ejections = 0
        self.draining = False

    def __repr__(self) -> str:
        return f"<Pool {list(self._origins.values())}>"

    def take(self, address: Address) -> UpstreamConnection | None:
        """An idle connection, now busy, or None."""
        origin = self._origins.get(address)
        if origin is None or not origin.idle:
            return None
        if origin.health is not HEALTHY:
            self._try_out(origin)
        origin.busy += 1
        return origin.idle.pop()

    def open(self, connection: UpstreamConnection, address: Address) -> None:
        """Start connecting."""
        origin = self._origins.get(address)
        if origin is None:
            origin = self._origins[address] = Origin(address)
        elif origin.health is not HEALTHY:
            self._try_out(origin)
        connection.origin = origin
        origin.connecting += 1
        self._connect(connection)

    def opened(self, origin: Origin) -> None:
        """A connection is there and busy. It says little of the endpoint: the kernel takes connections for one that has
        stopped, too."""
        origin.connecting -= 1
        origin.busy += 1

    def _try_out(self, origin: Origin) -> None:
        origin.health = after_choice(origin.health, self.now(), self._settings)
        if origin.health.on_trial:
            self.ejected[origin.address] = None

    def answered(self, origin: Origin) -> None:
        """An endpoint that had failed has begun an answer."""
        origin.health = HEALTHY
        self.ejected.pop(origin.address, None)

    def not_opened(self, origin: Origin) -> None:
        """Connecting failed."""
        origin.connecting -= 1
        self.failed(origin)
        self._tidy(origin)

    def failed(self, origin: Origin) -> None:
        """The endpoint refused, did not answer the connection or the request, or closed a new one without a word."""
        if origin.retired:
            return
        before = origin.health
        origin.health = after_failure(before, self.now(), self._settings)
        if origin.health.until > before.until:
            self.ejected[origin.address] = None
            self.ejections += 1

    def release(self, connection: UpstreamConnection, finished: bool) -> bool:
        """A busy connection has done its work. False: it is not kept, close it."""
        origin = connection.origin
        origin.busy -= 1
        if is_kept(origin, finished=finished, draining=self.draining, limit=self._settings.idle_per_endpoint):
            origin.idle.append(connection)
            return True
        self._tidy(origin)
        return False

    def tunnelled(self, origin: Origin) -> None:
        """A busy connection has become a WebSocket."""
        origin.busy -= 1
        origin.tunnels += 1

    def tunnel_ended(self, origin: Origin) -> None:
        """A WebSocket is over."""
        origin.tunnels -= 1
        self._tidy(origin)

    def idle_lost(self, connection: UpstreamConnection) -> None:
        """An idle connection has ended."""
        origin = connection.origin
        if connection in origin.idle:
            origin.idle.remove(connection)
        self._tidy(origin)

    def open_requests(self, address: Address) -> int:
        """How many requests this worker has at an endpoint, connecting ones and open WebSockets among them."""
        origin = self._origins.get(address)
        return 0 if origin is None else origin.busy + origin.connecting + origin.tunnels

    def is_ejected(self, address: Address) -> bool:
        """Whether it is passed over now."""
        origin = self._origins.get(address)
        if origin is not None and origin.health.until > self.now():
            return True
        self.ejected.pop(address, None)  # its time is over; the next failure ejects it again
        return False

    def retire(self, addresses: Iterable[Address]) -> None:
        """These endpoints are gone: idle connections are closed, busy ones after their exchange."""
        for address in addresses:
            self.ejected.pop(address, None)
            origin = self._origins.get(address)
            if origin is not None:
                origin.retired = True
                origin.health = HEALTHY
                self._close_idle(origin)
                self._tidy(origin)

    def restore(self, addresses: Iterable[Address]) -> None:
        """These endpoints are served (again)."""
        for address in addresses:
            if (origin := self._origins.get(address)) is not None:
                origin.retired = False

    def drain(self) -> None:
        """Keep nothing any more."""
        self.draining = True
        for origin in list(self._origins.values()):
            self._close_idle(origin)
            self._tidy(origin)

    def counts(self) -> dict[str, int]:
        """Connections by state."""
        origins = self._origins.values()
        return {
            "idle": sum(len(origin.idle) for origin in origins),
            "busy": sum(origin.busy for origin in origins),
            "connecting": sum(origin.connecting for origin in origins),
        }

    def connections(self) -> Iterator[tuple[Address, int]]:
        """How many are open, by address."""
        return ((origin.address, len(origin.idle) + origin.busy) for origin in self._origins.values())

    def ejected_now(self) -> list[Address]:
        """Those that are passed over."""
        return [address for address in list(self.ejected) if self.is_ejected(address)]

    def _close_idle(self, origin: Origin) -> None:
        idle, origin.idle = origin.idle, []
        for connection in idle:
            connection.close()

    def _tidy(self, origin: Origin) -> None:
        if not (origin.idle or origin.busy or origin.connecting or origin.tunnels) and (
            origin.health is HEALTHY and self._origins.get(origin.address) is origin
        ):
            del self._origins[origin.address]
