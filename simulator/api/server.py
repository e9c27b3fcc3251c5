"""Serves the application over TLS with uvicorn, whose protocol class tells the application a little more.

``scope["extensions"]`` gets ``simulator.peer`` (the client's certificate) and ``simulator.abort`` (break it off).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from simulator.api.application import Application
from simulator.tasks import Tasks

GRACE_SECONDS = 1
FAREWELL_SECONDS = 0.02
"""So long a client that was answered everything may take to end TLS; one that reads nothing never will."""


class Peer:
    """The client's side of a connection, as TLS verified it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def certificate_subject(self) -> list[tuple[str, str]]:
        connection = self._transport.get_extra_info("ssl_object")
        certificate = connection.getpeercert() if connection is not None else None
        return [pair for part in (certificate or {}).get("subject", ()) for pair in part]


class State(ServerState):
    """uvicorn's, and the tasks in which asyncio accepts connections until TLS's handshake is done: it tells nobody of
    them before, and what was accepted by a listener that is gone is served no more: its client would wait for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = False
        self._accepting: dict[asyncio.Task[Any], None] = {}

    def accepted(self, task: asyncio.Task[Any]) -> None:
        """A connection's handshake begins in this task."""
        self._accepting[task] = None
        task.add_done_callback(lambda done: self._accepting.pop(done, None))
        if self.stopping:  # it was accepted before the listener closed, and is looked at only now
            task.cancel()

    def stop_accepting(self) -> None:
        """Break off every handshake."""
        self.stopping = True
        for task in list(self._accepting):
            task.cancel()


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with the two extensions."""

    def __init__(self, config: uvicorn.Config, server_state: ServerState, *more: Any, **named: Any) -> None:
        super().__init__(config, server_state, *more, **named)
        task = asyncio.current_task()
        if task is not None and isinstance(server_state, State):
            server_state.accepted(task)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {
            "simulator.peer": Peer(self.transport),
            "simulator.abort": self.transport.abort,
        }
        self.scope["extensions"] = extensions

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to log: the application answers (``kubectl exec``), and no library is missing."""


class ApiServer:
    """One listening API server. ``start`` answers when it listens, ``stop`` when the last connection is closed."""

    def __init__(self, application: Application, host: str, port: int, context: ssl.SSLContext) -> None:
        self._application = application
        self._host = host
        self._port = port
        self._context = context
        self._tasks = Tasks()
        self._server: _Uvicorn | None = None
        self._serving: asyncio.Task[Any] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also when it was started with port 0."""
        return self._port

    @property
    def running(self) -> bool:
        return self._serving is not None and not self._serving.done()

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        listening = _listen(self._host, self._port)
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(
            self._application,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_keep_alive(asyncio.get_running_loop()),
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_context_factory=self._make_context,
        )
        self._application.ending = False
        self._server = _Uvicorn(config)
        self._serving = self._tasks.start(self._server.serve(sockets=[listening]), "the API server")
        await self._server.listening.wait()

    async def stop(self, crash: bool = False) -> None:
        """End open watches cleanly, then stop listening; after a ``crash`` every connection just breaks."""
        if self._server is None or self._serving is None:
            return
        if crash:
            self.drop()
        self._application.ending = True
        self._application.close_streams()
        self._server.end()
        await asyncio.wait({self._serving})
        self.drop()  # idle clients that read nothing never answer the end of TLS
        await asyncio.sleep(0)
        self._server = self._serving = None

    def drop(self) -> None:
        """Break every open connection off."""
        if self._server is not None:
            for connection in list(self._server.server_state.connections):
                assert isinstance(connection, HttpToolsProtocol)
                connection.transport.abort()

    def _make_context(self, config: uvicorn.Config, default: Any) -> ssl.SSLContext:
        return self._context


class _Uvicorn(uvicorn.Server):
    """uvicorn that says when it listens and leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state = self._state = State()
        self.listening = asyncio.Event()
        self._ending = asyncio.Event()

    def end(self) -> None:
        self.should_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        """Renew the Date header each second; end at once when told to."""
        while not self.should_exit:
            await self.on_tick(0)
            try:
                async with asyncio.timeout(1):
                    await self._ending.wait()
            except TimeoutError:
                pass

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, but as soon as the last answer has ended; what has not after a moment is broken off."""
        state, loop = self.server_state, asyncio.get_running_loop()
        for server in self.servers:
            for listening in server.sockets:
                loop.remove_reader(listening.fileno())
        # Who was accepted just now begins: asyncio fails to attach it to a server that is closed, and then forgets its
        # socket without closing it (CPython 3.11, Server._attach): its client would wait for a minute.
        await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        self._state.stop_accepting()
        for connection in list(state.connections):
            connection.shutdown()
        until = loop.time() + GRACE_SECONDS * getattr(loop, "time_factor", 1.0)
        await asyncio.sleep(0)
        farewell = loop.time() + FAREWELL_SECONDS * getattr(loop, "time_factor", 1.0)
        while (state.connections or state.tasks) and loop.time() < until:
            if loop.time() >= farewell:
                _abort_idle(state.connections)
            await asyncio.sleep(0.005)
        for connection in list(state.connections):
            assert isinstance(connection, HttpToolsProtocol)
            connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()

    def capture_signals(self) -> Any:
        from contextlib import nullcontext

        return nullcontext()


def _abort_idle(connections: Iterable[Any]) -> None:
    for connection in list(connections):
        assert isinstance(connection, HttpToolsProtocol)
        if connection.transport.is_closing() and not connection.transport.get_write_buffer_size():
            connection.transport.abort()


def _keep_alive(loop: asyncio.AbstractEventLoop) -> int:
    """Two minutes; where time jumps, idle connections outlast it."""
    return 120 if getattr(loop, "time_factor", None) is None else 1 << 31


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio sees TCP in what it accepts and turns Nagle's algorithm off: 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
