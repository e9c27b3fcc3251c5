"""The HTTP server under the Admin: uvicorn on sockets that we bind, ended by us.

Four of uvicorn's habits are changed (all seen in 0.54): it tells event streams nothing of a shutdown, so `ending` is
set first; it keeps the keep-alive timer of a connection that was reset, and the whole connection with it; it raises
the captured signal again after a clean end, which would make the exit code that of a kill; and it looks every tenth of
a second whether it shall end and whether it has, so that an end with nothing left to do takes 0.2 s.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edge.wire.channel import FRAME_LIMIT

PING = 5.0  # seconds between pings, and until the answer: a dead gateway is known within ten
GRACE = 3  # seconds that requests in flight may take when the Admin ends
TICK = 0.005  # seconds between looks whether they have


class CannotListen(Exception):
    """The address or the certificate cannot be used; the message says why."""


class Listen(msgspec.Struct, frozen=True):
    """Where to listen. Port 0 picks a free one. With `certificate` and `key` (PEM files) it is https."""

    host: str = "127.0.0.1"
    port: int = 8001
    certificate: Path | None = None
    key: Path | None = None

    @property
    def everywhere(self) -> bool:
        """Whether this is all addresses of the machine."""
        try:
            return ipaddress.ip_address(self.host).is_unspecified
        except ValueError:
            return not self.host

    @classmethod
    def parse(cls, text: str, certificate: Path | None = None, key: Path | None = None) -> Listen:
        """From HOST:PORT, [IPv6]:PORT or :PORT; raises ValueError with a sentence."""
        host, separator, port = text.rpartition(":")
        if not separator or not (port.isascii() and port.isdigit() and int(port[:6]) < 65536):
            raise ValueError(f"expected HOST:PORT such as 127.0.0.1:8001, but got {text!r}")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise ValueError(f"an IPv6 address is written in brackets, as in [::1]:8001, but got {text!r}")
        return cls(host or "0.0.0.0", int(port), certificate, key)


class KeepAliveProtocol(HttpToolsProtocol):
    """uvicorn's, but the keep-alive timer of a connection that was reset is cancelled too."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()


class _Server(uvicorn.Server):
    """uvicorn's, but without its signal handlers, and it says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], ending: asyncio.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def main_loop(self) -> None:
        while not self._ending.is_set():
            await self.on_tick(0)  # the second's Date header
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for bound in sockets or []:
            bound.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(GRACE):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event
                    await asyncio.sleep(TICK)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One server on one socket. `bind` first: afterwards `url` is known, and clients may already connect."""

    def __init__(self, listen: Listen) -> None:
        self._listen = listen
        self._socket: socket.socket | None = None

    def __repr__(self) -> str:
        return f"<HttpServer {self._listen.host}:{self._listen.port}>"

    def bind(self) -> None:
        """Bind the socket and read the certificate; raises CannotListen."""
        if (self._listen.certificate is None) != (self._listen.key is None):
            raise CannotListen("https needs both a certificate and its key")
        self._check_certificate()
        address = f"{self._listen.host}:{self._listen.port}"
        try:
            found = socket.getaddrinfo(self._listen.host, self._listen.port, type=socket.SOCK_STREAM)
            family, kind, protocol, _, target = found[0]
            bound = socket.socket(family, kind, protocol)
        except OSError as error:
            raise CannotListen(f"cannot listen on {address}: {error.strerror or error}") from None
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(target)
            bound.listen(2048)
        except OSError as error:
            bound.close()
            raise CannotListen(f"cannot listen on {address}: {error.strerror or error}") from None
        bound.setblocking(False)
        self._socket = bound

    def _check_certificate(self) -> None:
        if self._listen.certificate is None or self._listen.key is None:
            return
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                self._listen.certificate, self._listen.key
            )
        except (OSError, ssl.SSLError) as error:
            files = f"{self._listen.certificate} and {self._listen.key}"
            raise CannotListen(f"cannot use the certificate and key {files}: {error}") from None

    @property
    def url(self) -> str:
        """http://HOST:PORT as bound."""
        assert self._socket is not None, "bind first"
        host, port = self._socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self._listen.certificate else 'http'}://{shown}:{port}"

    async def serve(self, app: ASGIApp, ending: asyncio.Event, ready: Callable[[], None]) -> None:
        """Call `ready` when the first request can be answered, and serve until `ending` is set; requests in flight
        then get GRACE seconds."""
        assert self._socket is not None, "bind first"
        await _Server(self._config(app), ready, ending).serve(sockets=[self._socket])

    def _config(self, app: ASGIApp) -> uvicorn.Config:
        return uvicorn.Config(
            app,
            http=KeepAliveProtocol,
            ws="websockets-sansio",
            ws_max_size=FRAME_LIMIT,
            ws_per_message_deflate=False,
            ws_ping_interval=PING,
            ws_ping_timeout=PING,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=30,
            ssl_certfile=self._listen.certificate,
            ssl_keyfile=self._listen.key,
        )


@contextlib.contextmanager
def ended_by_signals(ending: asyncio.Event) -> Iterator[None]:
    """Set `ending` on SIGINT and SIGTERM; a second one does nothing more."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, ending.set)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
