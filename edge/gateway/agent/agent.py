"""The agent: the parent of a gateway server's workers, and all of it that is not the data path.

Order of a start: data folder and sockets (what can fail for an operator's reason fails first), then what the disk
knows, workers, status port and the connection to the Admin at once. The gateway is up when its workers are and the
first attempt to reach the Admin has ended: then a refusal can still end it with the Admin's reason, while an Admin
that is away holds nothing up. Order of an end: no new connections, the Admin, the workers' drain, the disk.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
import structlog

from edge.gateway import inherited, listening
from edge.gateway.agent.connection import Dial, Dialer, Introduction, Link, admin_address
from edge.gateway.agent.disk import Disk
from edge.gateway.agent.findings_report import FindingsReport
from edge.gateway.agent.identity import DataFolder
from edge.gateway.agent.pages import StatusPages
from edge.gateway.agent.processes import PROGRAM, Workers
from edge.gateway.agent.relay import Relay
from edge.gateway.agent.status import StatusServer
from edge.gateway.agent.telling import Telling
from edge.gateway.agent.traffic_report import TrafficReport
from edge.gateway.checking.checker import Checker
from edge.gateway.checking.prober import Prober
from edge.gateway.errors import GatewayError
from edge.gateway.listening import ListenAddress
from edge.gateway.settings import Settings
from edge.gateway.telemetry import access_log
from edge.model.revision import NOTHING
from edge.tasks import Tasks

log = structlog.get_logger("edge.gateway")

FIRST_ANSWER_WITHIN = 3.0
"""Seconds that the start waits for the Admin's first answer."""
UP_WITHIN = 60.0
"""Seconds in which workers must come up."""


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options. `advertise` is HOST or HOST:PORT; times in seconds."""

    admin: str
    name: str
    data_dir: Path
    listen: ListenAddress = ListenAddress("0.0.0.0", 8080)
    status_listen: ListenAddress = ListenAddress("127.0.0.1", 8081)
    probe_listen: ListenAddress | None = None
    tls_listen: ListenAddress | None = None
    advertise: str = ""
    join_token: str | None = None
    admin_ca: Path | None = None
    insecure_admin: bool = False
    workers: int = 1
    shutdown_delay: float = 0.0
    drain_timeout: float = 30.0
    access_log: str = ""
    access_log_fields: tuple[str, ...] = ()
    tracing: str = ""
    tracing_sample: float = 0.01
    trusted_proxies: tuple[str, ...] = ()
    proxy_protocol_from: tuple[str, ...] = ()
    body_limit: int = 0
    zone: str = ""

    def __repr__(self) -> str:
        return f"<AgentSettings {self.name} of {self.admin}>"

    def worker(self) -> Settings:
        """What a worker is told of it."""
        return Settings(
            name=self.name,
            workers=self.workers,
            zone=self.zone,
            trusted_proxies=self.trusted_proxies,
            proxy_protocol_from=self.proxy_protocol_from,
            body_limit=self.body_limit,
            drain_timeout=self.drain_timeout,
            access_log=self.access_log,
            access_log_fields=self.access_log_fields,
            tracing=self.tracing,
            tracing_sample=self.tracing_sample,
        )


def _check_access_log(path: str) -> None:
    if not path:
        return
    try:
        os.close(access_log.open_file(path))
    except OSError as error:
        if error.errno != errno.ENXIO:  # a pipe that nobody reads yet
            raise GatewayError(f"the access log {path} cannot be written: {error.strerror} (--access-log)") from None


class Sockets:
    """What the gateway listens on: what a supervisor has passed on (`inherited`), the others bound here. Raises
    GatewayError when one cannot be bound, or is passed on for nothing."""

    def __init__(self, settings: AgentSettings, inherited: list[socket.socket] | None = None) -> None:
        self._stack = ExitStack()
        self._inherited = inherited or []
        try:
            self.listener = self._bind(settings.listen, "--listen")
            secure = settings.tls_listen
            self.tls = None if secure is None else self._bind(secure, "--tls-listen")
            self.status = self._bind(settings.status_listen, "--status-listen")
            probe = settings.probe_listen
            self.probes = None if probe is None else self._bind(probe, "--probe-listen")
            for unused in self._inherited:
                where = listening.bound(self._stack.enter_context(unused))
                raise GatewayError(f"was passed a socket that listens on {where}, but no option says to listen there")
        except BaseException:
            self.close()
            raise

    @property
    def own(self) -> list[ListenAddress]:
        """Where the agent itself answers."""
        return [listening.bound(sock) for sock in (self.status, self.probes) if sock is not None]

    def _bind(self, address: ListenAddress, option: str) -> socket.socket:
        return self._stack.enter_context(listening.bind(address, option, self._inherited))

    def close(self) -> None:
        """Close what nobody has closed."""
        self._stack.close()


class Agent:
    """One gateway server on `sockets`. `dial` opens the connection to the Admin, `program` is what a worker's process
    runs."""

    def __init__(
        self,
        settings: AgentSettings,
        sockets: Sockets,
        dial: Dialer,
        randomness: random.Random,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._sockets = sockets
        self._tasks = Tasks()
        self._stirred = asyncio.Event()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._announced = False
        self._delay = settings.shutdown_delay
        self._hurried = asyncio.Event()
        self._disk = Disk(settings.data_dir / "snapshot")
        self._checker = Checker(Prober(), lambda health: self._relay.hub.publish_health(health), randomness)
        self._relay = Relay(
            settings.workers,
            self._disk.load(),
            released=self._disk.note_release,
            changed=self._disk.note,
            stirred=self._stirred.set,
            leaving=self._leaving,
            checks=self._checker,
        )
        self._disk.follow(lambda: self._relay.subscription.content)
        self._workers = Workers(
            settings.workers,
            [sockets.listener],
            settings.worker(),
            self._relay.hub.serve,
            self._fail,
            randomness,
            program,
            sockets.own,
            [] if sockets.tls is None else [sockets.tls],
        )
        self._link = Link(dial, self._relay.subscription.run, refused=self._refused, randomness=randomness)
        self._pages = pages = StatusPages(
            self._relay, lambda: self._workers.restarts, lambda: self._link.connected, self._over.done, self._checker
        )
        upward = self._relay.subscription
        self._telling = Telling(
            pages.measured,
            lambda: self._link.connected,
            TrafficReport(upward.tell),
            FindingsReport(self._checker.findings, upward.find),
        )
        self._status = StatusServer(pages.every())
        self._probes = StatusServer(pages.probes())

    def __repr__(self) -> str:
        return f"<Agent {self._relay!r} {self._workers!r} {self._link!r}>"

    def stop(self) -> None:
        """Ask for the end; asked again, it comes without delay."""
        if self._over.done():
            self._hurried.set()
        else:
            self._over.set_result(None)

    def _leaving(self, name: str, measures: bytes) -> None:
        self._pages.note(name, measures)
        self._workers.leaving(name)

    def _fail(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_exception(GatewayError(reason))

    async def run(self, announce: Callable[[str], None]) -> None:
        """Serve until the end is asked for; `announce` gets the ready line. Raises GatewayError when it cannot."""
        try:
            await self._start()
            up = self._tasks.start(self._up(), "start")
            await asyncio.wait([up, self._over], return_when=asyncio.FIRST_COMPLETED)
            if not self._over.done():
                self._announced = True
                listen, status = listening.bound(self._sockets.listener), listening.bound(self._sockets.status)
                secure = self._sockets.tls
                also = "" if secure is None else f" tls https://{listening.bound(secure)}"
                announce(f"edge gateway ready http://{listen} status http://{status}{also}")
            await self._over
            await self._stay_a_while()
        finally:
            await self._end()

    async def _stay_a_while(self) -> None:
        """Go on as before, but say that it is not ready: whoever sends traffic here has to notice first."""
        if self._announced:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._delay):
                    await self._hurried.wait()

    async def _start(self) -> None:
        self._workers.start()
        self._tasks.start(self._disk.run(), "snapshot on disk")
        self._tasks.start(self._checker.run(), "health checks")
        self._tasks.start(self._link.run(), "connection to the Admin")
        self._tasks.start(self._telling.run(), "what the Admin is told")
        await self._status.start(self._sockets.status)
        if self._sockets.probes is not None:
            await self._probes.start(self._sockets.probes)

    async def _up(self) -> None:
        """Until the workers are up and the first attempt to reach the Admin has ended."""
        try:
            async with asyncio.timeout(UP_WITHIN):
                while not self._relay.up:
                    self._stirred.clear()
                    await self._stirred.wait()
        except TimeoutError:
            self._fail(f"the workers did not come up within {UP_WITHIN:.0f} s")
        self._workers.came_up()
        try:
            async with asyncio.timeout(FIRST_ANSWER_WITHIN):
                await self._link.tried.wait()
        except TimeoutError:
            log.warning("the Admin has not answered yet", waited=FIRST_ANSWER_WITHIN)

    def _refused(self, reason: str) -> bool:
        """Whether to give up: not once this gateway serves, because its Admin may have been restored without it and
        ending would take the website down."""
        if self._announced and self._relay.subscription.served.revision > NOTHING:
            return False
        self._fail(f"the Admin refuses this gateway: {reason}")
        return True

    async def _end(self) -> None:
        self.stop()
        self._over.exception()  # seen: `run` raises it, unless something else ended it first
        self._workers.start_no_more()
        self._sockets.listener.close()
        if self._sockets.tls is not None:
            self._sockets.tls.close()
        await self._link.close()
        await self._tasks.close()
        await self._workers.drain()
        await self._disk.write()
        await self._status.close()
        await self._probes.close()


def advertised(said: str, listen: ListenAddress) -> str:
    """What the Admin is told: what the operator said, with the port listened on if that names none; else where the
    gateway listens."""
    if not said:
        return str(listen)
    host = said[1:].partition("]")[0] if said.startswith("[") else said
    if host.count(":") == 1:
        return said
    if said.startswith("[") and "]:" in said:
        return said
    return str(ListenAddress(host, listen.port))


async def serve(
    settings: AgentSettings,
    randomness: random.Random,
    announce: Callable[[str], None],
    started: Callable[[Agent], None] = lambda agent: None,
) -> None:
    """A gateway's whole life; `started` gets the agent that can be stopped. Raises GatewayError."""
    address = admin_address(settings.admin, settings.admin_ca, settings.insecure_admin)
    _check_access_log(settings.access_log)
    folder = DataFolder(settings.data_dir)
    try:
        sockets = Sockets(settings, inherited.take(os.environ, os.getpid()))
        try:
            introduction = Introduction(
                folder.credential(),
                settings.name,
                advertised(settings.advertise, listening.bound(sockets.listener)),
                settings.join_token,
            )
            agent = Agent(settings, sockets, Dial(address, introduction), randomness)
            started(agent)
            await agent.run(announce)
        finally:
            sockets.close()
    finally:
        folder.close()
