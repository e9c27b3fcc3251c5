"""A worker process: takes traffic on inherited sockets and serves the snapshot that its agent pushes.

    python -m edge.gateway.process ARGUMENT       (edge.gateway.launch says what the argument holds)

It subscribes, and begins to accept once it serves what the agent has (or the agent has nothing yet: then every request
is answered 404 until the first manifest). Until then connections wait in the listening queue. It ends when its channel
closes or on SIGTERM or SIGINT: it accepts no more, answers with `Connection: close`, gives idle connections
a moment for a last request, lets what is in flight finish within `drain_timeout`, cuts the rest and exits with 0.
What it has counted goes to the agent when the drain begins and when it ends.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import signal
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress

import msgspec
import structlog
import uvloop

from edge import lean, logs
from edge.gateway import launch, snapshot
from edge.gateway.balancing.pool import Pool
from edge.gateway.balancing.target import Address, shown
from edge.gateway.data_path import DataPath
from edge.gateway.http.protocol import ClientProtocol
from edge.gateway.http.proxy_protocol import AwaitingHeader
from edge.gateway.http.upstream import UpstreamConnection
from edge.gateway.launch import Launch
from edge.gateway.listening import bound
from edge.gateway.own_ports import OwnPorts
from edge.gateway.settings import Settings
from edge.gateway.snapshot import Snapshot
from edge.gateway.telemetry.metrics import Measures
from edge.gateway.telemetry.tally import OTHER
from edge.gateway.telemetry.traffic import LIMIT
from edge.gateway.tls.listener import TlsListener
from edge.gateway.tls.upstream import ClientContexts, explained
from edge.model.source import SourceState
from edge.model.upstream import UpstreamTls
from edge.tasks import Tasks
from edge.wire.content import Content
from edge.wire.frames import FrameChannel
from edge.wire.messages import Health
from edge.wire.subscription import Subscription

log = structlog.get_logger("edge.gateway.worker")

BACKLOG = 2048


class Connector:
    """Opens connections to endpoints; a task each, which is not on the common path."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tasks: Tasks, timeout: float) -> None:
        self._loop = loop
        self._tasks = tasks
        self._timeout = timeout
        self._contexts = ClientContexts()

    def __call__(self, connection: UpstreamConnection) -> None:
        """Start; the connection's `connection_made` or `connect_failed` is called later."""
        self._tasks.start(self._connect(connection), "connect to an endpoint")

    async def _connect(self, connection: UpstreamConnection) -> None:
        host, port = connection.origin.address
        try:
            async with asyncio.timeout(self._timeout):
                if connection.tls is None:
                    await self._loop.create_connection(lambda: connection, host, port)
                else:
                    await self._secure(connection, connection.tls)
        except TimeoutError:
            connection.connect_failed(True)
        except (OSError, ValueError, UnicodeError) as error:  # a host by hand may be no name that can be looked up
            connection.connect_failed(False, explained(error))

    async def _secure(self, connection: UpstreamConnection, tls: UpstreamTls) -> None:
        host, port = connection.origin.address
        context = await self._contexts.get(tls)
        name = tls.server_name or host
        await self._loop.create_connection(lambda: connection, host, port, ssl=context, server_hostname=name)


class Serving:
    """Applies what is pushed to a data path (the subscription's receiver) and answers questions about it."""

    def __init__(self, path: DataPath, own: OwnPorts) -> None:
        self._path = path
        self._own = own
        self._endpoints_changed: float | None = None
        self._folded: Snapshot | None = None
        self._unhealthy: dict[tuple[str, str], dict[Address, None]] = {}

    def apply(self, content: Content) -> Mapping[str, str]:
        """Swap in a manifest with its documents and sources."""
        before = self._path.snapshot
        sources = {key: self._own.without(state) for key, state in content.sources.items()}
        after, refused = snapshot.build(before, msgspec.structs.replace(content, sources=sources), self._path.settings)
        for application in after.applications.values():
            for upstream, backend in application.backends.items():
                backend.unhealthy = self._unhealthy.get((application.id, upstream), ())
        self._path.snapshot = after
        self._path.cache.take_out(content.manifest)
        self._path.keep_pools(after.upstream_tls())
        self._swap_addresses(_addresses(before), _addresses(after))
        self._endpoints_changed = self._path.now()
        return refused

    def apply_source(self, state: SourceState) -> None:
        """Swap in a source's endpoints."""
        before = self._path.snapshot
        state = self._own.without(state)
        after = snapshot.with_source(before, state)
        if after is before:
            return
        self._path.snapshot = after
        known = before.sources.get(state.source.key)
        self._swap_addresses(_serving(() if known is None else (known,)), _serving((state,)))
        self._endpoints_changed = self._path.now()

    def apply_health(self, health: Health) -> None:
        """Pass over what the agent's checks found unhealthy."""
        name = (health.application, health.upstream)
        if health.unhealthy:
            self._unhealthy[name] = dict.fromkeys(health.unhealthy)
        else:
            self._unhealthy.pop(name, None)
        application = self._path.snapshot.applications.get(health.application)
        backend = None if application is None else application.backends.get(health.upstream)
        if backend is not None:
            backend.unhealthy = self._unhealthy.get(name, ())

    def _swap_addresses(self, before: dict[Address, None], after: dict[Address, None]) -> None:
        gone = [address for address in before if address not in after]
        new = [address for address in after if address not in before]
        for pool in self._path.pools:
            pool.retire(gone)
            pool.restore(new)

    def metrics(self) -> bytes:
        """A `Measures`, as JSON."""
        path = self._path
        self._fold_gone()
        counters = path.counters
        changed = self._endpoints_changed
        return msgspec.json.encode(
            Measures(
                traffic=counters.traffic.tallies(),
                gone=counters.traffic.gone,
                upstream_connections=_added(pool.counts() for pool in path.pools),
                endpoint_connections=_bounded(_added(_open(pool) for pool in path.pools)),
                ejected=_bounded({shown(address): 1 for pool in path.pools for address in pool.ejected_now()}),
                client_connections=len(path.connections) + len(path.tunnels),
                retries=counters.retries,
                ejections=sum(pool.ejections for pool in path.pools),
                cache=counters.cache,
                proxy_headers_refused=counters.proxy_headers_refused,
                limited=counters.limited,
                access_lines_lost=path.access_log.lost,
                spans_exported=0 if path.tracer is None else path.tracer.exported,
                spans_dropped=0 if path.tracer is None else path.tracer.dropped,
                endpoint_revision_age=None if changed is None else path.now() - changed,
                snapshot_revision=int(path.snapshot.manifest.revision),
            )
        )

    def _fold_gone(self) -> None:
        """What is gone has no numbers of its own any more."""
        snapshot, traffic = self._path.snapshot, self._path.counters.traffic
        if snapshot is not self._folded or traffic.begun:
            traffic.fold_gone(snapshot.addresses)
            for application in [name for name in self._path.counters.limited if name not in snapshot.applications]:
                del self._path.counters.limited[application]
            self._folded = snapshot

    def describe(self) -> bytes:
        """The object of `/-/snapshot`, as JSON."""
        return msgspec.json.encode(self._path.snapshot.describe())


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for state, number in one.items():
            total[state] = total.get(state, 0) + number
    return total


def _open(pool: Pool) -> dict[str, int]:
    return {shown(address): number for address, number in pool.connections()}


def _bounded(numbers: dict[str, int]) -> dict[str, int]:
    """By endpoint: the first of them, and the sum of the others."""
    if len(numbers) <= LIMIT:
        return numbers
    kept = dict(itertools.islice(numbers.items(), LIMIT))
    kept[OTHER] = sum(numbers.values()) - sum(kept.values())
    return kept


def _addresses(served: Snapshot) -> dict[Address, None]:
    addresses = _serving(served.sources.values())
    for application in served.applications.values():
        for upstream in application.document.upstreams:
            addresses.update(dict.fromkeys((server.host, server.port) for server in upstream.servers))
    return addresses


def _serving(states: Iterable[SourceState]) -> dict[Address, None]:
    """Addresses whose connections are worth keeping: a terminating pod gets no new requests."""
    return {(e.address, e.port): None for state in states for e in state.endpoints if not e.terminating}


class Worker:
    """A data path on listening sockets, from start to drained."""

    def __init__(self, settings: Settings, randomness: random.Random, own: OwnPorts | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._settings = settings
        self._tasks = Tasks()
        self._servers: list[asyncio.Server] = []
        self._queues: list[socket.socket] = []
        self._ended = asyncio.Event()
        connector = Connector(loop, self._tasks, settings.connect_timeout)
        self.path = DataPath(loop, settings, snapshot.NOTHING, connector, randomness)
        self.tls = TlsListener(self.path, self._tasks)
        self.serving = Serving(self.path, own or OwnPorts())
        self.subscription = Subscription(
            self.serving,
            answers={"metrics": self.serving.metrics, "snapshot": self.serving.describe},
            health=self.serving.apply_health,
            keep=False,
        )

    def __repr__(self) -> str:
        return f"<Worker {self.path.snapshot!r} {self.path!r}>"

    async def listen(self, sockets: Iterable[socket.socket], tls: Iterable[socket.socket] = ()) -> None:
        """Accept on `sockets`, and as TLS on `tls`; they belong to the worker from now on."""
        for sock in sockets:
            self._queues.append(sock.dup())
            self._servers.append(await self.path.loop.create_server(self._client, sock=sock, backlog=BACKLOG))

        for sock in tls:
            self.tls.listen(sock)

    def _client(self) -> ClientProtocol | AwaitingHeader:
        return AwaitingHeader(self.path) if self.path.proxy_protocol_from else ClientProtocol(self.path)

    async def _stop_listening(self) -> None:
        """Take what waits in the listening queues, then close them: closing the last copy of a listening socket resets
        every connection that nobody has accepted."""
        for server in self._servers:
            server.close()
        self.tls.stop()
        waiting: list[socket.socket] = []
        for queue in self._queues:
            with suppress(OSError):  # BlockingIOError: it is empty
                while len(waiting) < BACKLOG:
                    waiting.append(queue.accept()[0])
            queue.close()
        for connection in waiting:
            with suppress(OSError):
                await self.path.loop.connect_accepted_socket(self._client, connection)

    async def follow(self, channel: FrameChannel) -> None:
        """Serve what comes over `channel` until it closes; then ask for the end."""
        reason = await self.subscription.run(channel)
        log.debug("the agent has closed the channel", reason=reason)
        self.end()

    def end(self) -> None:
        """Ask for the end."""
        self._ended.set()

    async def run(
        self,
        channel: FrameChannel,
        sockets: Iterable[socket.socket] = (),
        tls: Iterable[socket.socket] = (),
    ) -> None:
        """Follow `channel` until the end is asked for, then drain. `sockets` and `tls` are accepted
        on once there is something to serve, or the agent has said that there is nothing yet: a worker started again
        answers no 404 meanwhile."""
        self._tasks.start(self.follow(channel), "follow the agent")
        caught_up = self._tasks.start(self.subscription.caught_up.wait(), "catch up")
        ended = self._tasks.start(self._ended.wait(), "end")
        await asyncio.wait([caught_up, ended], return_when=asyncio.FIRST_COMPLETED)
        if not self._ended.is_set():
            lean.give_back()  # the bytes of documents, among others
            await self.listen(sockets, tls)
        await self._ended.wait()
        await self.drain()
        self.subscription.leave(self.serving.metrics())
        await channel.close("the worker has drained")
        await self._tasks.close()

    async def drain(self) -> None:
        """Accept no more, finish what is in flight within the drain timeout, cut the rest."""
        path = self.path
        path.draining = True
        for pool in path.pools:
            pool.drain()
        self.subscription.leave(self.serving.metrics())
        await self._stop_listening()
        with suppress(TimeoutError):
            async with asyncio.timeout(path.drain_patience):
                await self.tls.settled()
        self.tls.drop_all()
        empty = asyncio.Event()
        path.on_empty = empty.set
        for client in list(path.connections):
            client.drain()
        if path.connections or path.tunnels:
            try:
                async with asyncio.timeout(self._settings.drain_timeout):
                    await empty.wait()
            except TimeoutError:
                log.warning("cut what had not ended", connections=len(path.connections), tunnels=len(path.tunnels))
        for tunnel in list(path.tunnels):
            tunnel.abort()
        for client in list(path.connections):
            client.abort()
        await asyncio.sleep(0)  # connection_lost is called in the loop's next turn
        path.wheel.close()
        path.passwords.close()
        if path.tracer is not None:
            await path.tracer.close()
        path.access_log.close()


async def serve(told: Launch, randomness: random.Random) -> None:
    """A worker's whole life."""
    sockets = [socket.socket(fileno=descriptor) for descriptor in told.listeners]
    tls = [socket.socket(fileno=descriptor) for descriptor in told.tls_listeners]
    worker = Worker(told.settings, randomness, OwnPorts([*map(bound, (*sockets, *tls)), *told.own]))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.end)
    for number in (signal.SIGHUP, signal.SIGUSR1):
        loop.add_signal_handler(number, worker.path.access_log.reopen)
    channel = FrameChannel(socket.socket(fileno=told.channel))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # a request leaves no cycle; full collections are for released snapshots
    await worker.run(channel, sockets, tls)


def main(arguments: list[str]) -> int:
    """Run as the agent's child; 2 when the argument cannot be read."""
    logs.configure()
    try:
        told = launch.read(arguments[0])
    except (IndexError, msgspec.MsgspecError) as error:
        print(f"expected one argument, what an agent tells its worker: {error}", file=sys.stderr)  # noqa: T201
        return 2
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(told, random.Random()))
    return 0
