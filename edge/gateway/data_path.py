"""What all connections of a worker share: the snapshot, the pool, deadlines, counters and the access log."""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from edge import clock
from edge.gateway.balancing.budget import Budgets
from edge.gateway.balancing.pool import Pool
from edge.gateway.caching.store import Store
from edge.gateway.http.date import DateLine
from edge.gateway.http.fresh_ids import FreshIds
from edge.gateway.http.headers import Network
from edge.gateway.http.timers import DeadlineWheel
from edge.gateway.password_checks import PasswordChecks
from edge.gateway.settings import Settings
from edge.gateway.telemetry.access_log import AccessLog
from edge.gateway.telemetry.counters import Counters
from edge.gateway.telemetry.observation import Observation
from edge.gateway.telemetry.tracing import Tracer
from edge.model.upstream import UpstreamTls

if TYPE_CHECKING:
    from edge.gateway.http.head import RequestHead
    from edge.gateway.http.protocol import ClientProtocol
    from edge.gateway.http.proxy_protocol import AwaitingHeader
    from edge.gateway.http.tunnel import Tunnel
    from edge.gateway.http.upstream import UpstreamConnection
    from edge.gateway.snapshot import Snapshot

DRAIN_PATIENCE = 1.0
"""Seconds that an idle connection has for one more request once the worker drains: a request that is on its way just
now is answered and not met by a closed connection."""


class DataPath:
    """`snapshot` is swapped in one assignment; an exchange goes on with the objects it started with."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: Settings,
        snapshot: Snapshot,
        connect: Callable[[UpstreamConnection], None],
        randomness: random.Random,
    ) -> None:
        self.loop = loop
        self.now: Callable[[], float] = loop.time
        self.precise, self.unix = clock.of_loop(loop)
        self.settings = settings
        self.snapshot = snapshot
        self.pool = Pool(settings, loop.time, connect)
        self._connect = connect
        self._secured: dict[UpstreamTls, Pool] = {}
        self.wheel = DeadlineWheel(loop)
        self.counters = Counters()
        self.date = DateLine(loop.time)
        self.cache = Store(settings.cache_size)
        self.passwords = PasswordChecks(loop)
        self.access_log = AccessLog(
            loop,
            settings.access_log,
            settings.access_log_batch,
            settings.access_log_delay,
            settings.access_log_fields,
        )
        url = settings.tracing
        self.tracer = Tracer(self, url, settings.tracing_sample, settings.name) if url else None
        self.observe = self._observer()
        self.connections: dict[ClientProtocol | AwaitingHeader, None] = {}
        self.tunnels: dict[Tunnel, None] = {}
        self.draining = False
        self.drain_patience = min(DRAIN_PATIENCE, settings.drain_timeout / 2)
        self.on_empty: Callable[[], None] | None = None
        self.trusted_proxies = _networks(settings.trusted_proxies)
        self.proxy_protocol_from = _networks(settings.proxy_protocol_from)
        self.pseudonym = b"edge-" + quote(settings.name, safe="").encode()  # a token, another for each name
        self.draw: Callable[[int], int] = randomness.getrandbits
        self._ids = FreshIds(self.draw)
        self.budgets = Budgets(settings.workers)

    def __repr__(self) -> str:
        return f"<DataPath connections={len(self.connections)} tunnels={len(self.tunnels)} {self.pool!r}>"

    def _observer(self) -> Callable[[RequestHead], Observation | None] | None:
        """What makes a request's notes of times, None: nobody wants to know them."""
        chosen, tracer = self.access_log.chosen, self.tracer
        if chosen is None or not chosen.observes:
            return None if tracer is None else tracer.observe
        return lambda head: Observation(None if tracer is None else tracer.begin(head))

    def pool_of(self, tls: UpstreamTls) -> Pool:
        """The pool of upstreams spoken to over TLS like this: connections verified otherwise are not shared."""
        pool = self._secured.get(tls)
        if pool is None:
            pool = self._secured[tls] = Pool(self.settings, self.loop.time, self._connect, tls)
            pool.draining = self.draining
        return pool

    @property
    def pools(self) -> list[Pool]:
        """All pools."""
        return [self.pool, *self._secured.values()]

    def keep_pools(self, wanted: Iterable[UpstreamTls]) -> None:
        """No upstream is spoken to otherwise any more: close what the other pools hold."""
        kept = dict.fromkeys(wanted)
        for tls in [tls for tls in self._secured if tls not in kept]:
            pool = self._secured.pop(tls)
            pool.drain()
            self.pool.ejections += pool.ejections  # a counter never falls

    def fresh_id(self) -> bytes:
        """An id for a request: 32 hexadecimal digits."""
        return self._ids.next()

    def gone(self, client: ClientProtocol | AwaitingHeader) -> None:
        """A client's connection has ended."""
        self.connections.pop(client, None)
        self._check_empty()

    def tunnel_gone(self, tunnel: Tunnel) -> None:
        """A tunnel has ended."""
        self.tunnels.pop(tunnel, None)
        self._check_empty()

    def _check_empty(self) -> None:
        if self.on_empty is not None and not self.connections and not self.tunnels:
            self.on_empty()


def _networks(written: Iterable[str]) -> list[Network]:
    return [ipaddress.ip_network(network, strict=False) for network in written]
