"""Worker processes: started with the shared sockets and a channel, started again when they end, drained at the end.

What a worker is told is in `edge.gateway.launch`. Each life of a worker has a name of its own, `INDEX.LIFE`, under
which the hub knows it.

A worker that ends is started again: at once, then with back-off of at most 5 s while it keeps ending soon. One that
says that it is leaving (it was sent SIGTERM) is replaced at once too, and drains beside its successor. Workers that end
again and again before any of them has ever connected make the gateway give up: the fault is not a request's.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from edge.gateway.agent.backoff import Backoff
from edge.gateway.agent.relay import WORKERS
from edge.gateway.launch import Launch
from edge.gateway.listening import ListenAddress
from edge.gateway.settings import Settings
from edge.tasks import Tasks
from edge.wire.channel import Channel
from edge.wire.frames import FrameChannel

log = structlog.get_logger("edge.gateway")

PROGRAM = (sys.executable, "-m", "edge.gateway.process")
STEADY = 10.0
"""Seconds after which a worker's end is one of its own and not of a row."""
GIVE_UP = 3
"""Lives of one worker without a connection, before the first of any."""
GRACE = 2.0
"""Seconds that a worker has beyond its drain time before it is killed."""


class Life:
    """One process of a worker, and the agent's end of its channel. `over` is set once it takes nothing new: it is
    leaving, or has ended."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, channel: FrameChannel) -> None:
        self.name = name
        self.process = process
        self.channel = channel
        self.over = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Life {self.name} pid={self.process.pid} code={self.process.returncode}>"


class Workers:
    """`count` workers accepting on `listeners`, and as TLS on `tls_listeners`; `own` is where the agent listens
    itself. `serve(channel, partition, name)` is the hub's; `failed(reason)` is called when they do not start."""

    def __init__(
        self,
        count: int,
        listeners: Sequence[socket.socket],
        settings: Settings,
        serve: Callable[[Channel, str, str], Awaitable[object]],
        failed: Callable[[str], None],
        randomness: random.Random,
        program: Sequence[str] = PROGRAM,
        own: Sequence[ListenAddress] = (),
        tls_listeners: Sequence[socket.socket] = (),
    ) -> None:
        self._count = count
        self._listeners = listeners
        self._tls_listeners = tls_listeners
        self._settings = settings
        self._serve = serve
        self._failed = failed
        self._random = randomness
        self._program = program
        self._own = tuple(own)
        self._tasks = Tasks()
        self._lives: dict[str, Life] = {}
        self._draining = asyncio.Event()
        self._ever_up = False
        self.restarts = 0

    def __repr__(self) -> str:
        return f"<Workers {list(self._lives.values())} restarts={self.restarts}>"

    @property
    def lives(self) -> list[Life]:
        """The running processes."""
        return list(self._lives.values())

    def start(self) -> None:
        """Start them all."""
        for index in range(self._count):
            self._tasks.start(self._keep(index), f"worker {index}")

    def came_up(self) -> None:
        """A worker has connected."""
        self._ever_up = True

    def leaving(self, name: str) -> None:
        """A worker takes nothing new any more; somebody told it to end."""
        if (life := self._lives.get(name)) is not None:
            life.over.set()

    async def _keep(self, index: int) -> None:
        backoff = Backoff(self._random)
        number = 0
        while not self._draining.is_set():
            started = asyncio.get_running_loop().time()
            try:
                code = await self._live(index, number)
            except OSError as error:
                log.error("a worker cannot be started", worker=index, reason=error.strerror)
                code = -1
            number += 1
            if self._draining.is_set():
                return
            if not code:
                log.info("a worker was told to end", worker=index)
            else:
                log.error("a worker ended", worker=index, code=code)
            if not self._ever_up and number >= GIVE_UP:
                self._failed(f"worker {index} does not start: it ended {number} times, with the code {code} at last")
                return
            self.restarts += 1
            if asyncio.get_running_loop().time() - started >= STEADY:
                backoff.reset()
            await asyncio.sleep(0 if number == 1 else backoff.next())

    async def _live(self, index: int, number: int) -> int | None:
        """One life, from its start until it takes nothing new; its exit code, or None while it drains."""
        life = await self._spawn(index, f"{index}.{number}")
        self._lives[life.name] = life
        self._tasks.start(self._see_through(life), f"worker {life.name}")
        if self._draining.is_set():
            await life.channel.close("the gateway ends")
        await life.over.wait()
        return life.process.returncode

    async def _see_through(self, life: Life) -> None:
        """Serve a life until its process has ended."""
        serving = self._tasks.start(_until_closed(self._serve, life), f"hub of worker {life.name}")
        try:
            await life.process.wait()
        finally:
            if life.process.returncode is not None:
                del self._lives[life.name]
                await life.channel.close(f"worker {life.name} ended")
                await asyncio.wait([serving])
                life.over.set()

    async def _spawn(self, index: int, name: str) -> Life:
        ours, theirs = socket.socketpair()
        descriptors = tuple(sock.fileno() for sock in self._listeners)
        tls = tuple(sock.fileno() for sock in self._tls_listeners)
        told = Launch(index, theirs.fileno(), descriptors, self._settings, self._own, tls)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program,
                told.argument(),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(*descriptors, *tls, theirs.fileno()),
                env=_environment(os.environ),
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return Life(name, process, FrameChannel(ours))

    def start_no_more(self) -> None:
        """The gateway ends: whatever worker ends now is not started again."""
        self._draining.set()

    async def drain(self) -> None:
        """End them all: they accept no more, finish what is in flight within the drain time, and are killed if they
        take longer."""
        self.start_no_more()
        for life in self.lives:
            await life.channel.close("the gateway ends")
        try:
            async with asyncio.timeout(self._settings.drain_timeout + GRACE):
                await asyncio.gather(*(life.process.wait() for life in self.lives))
        except TimeoutError:
            for life in self.lives:
                log.error("a worker did not end in its drain time and is killed", worker=life.name)
                life.process.kill()
                await life.process.wait()
        await self._tasks.close()


async def _until_closed(serve: Callable[[Channel, str, str], Awaitable[object]], life: Life) -> None:
    """The hub's part of a life. Without a channel it is of no use: it drains and ends by itself."""
    reason = await serve(life.channel, WORKERS, life.name)
    log.debug("a worker's channel closed", worker=life.name, reason=reason)
    await life.channel.close(str(reason))


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The agent's without its own options: a worker needs no join token."""
    return {name: value for name, value in environment.items() if not name.startswith("EDGE_GATEWAY_")}
