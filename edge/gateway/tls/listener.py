"""TLS listeners: each connection's context is chosen before its handshake begins.

OpenSSL can change the context in a callback once it has read the server name, but what that context demands of clients
is then not enforced: the handshake goes on with the verify mode it began with. So the hello is read first, by
ourselves, and *looked at* only (MSG_PEEK): it stays in the socket, and the loop's own TLS reads the connection from its
first byte, as if nobody had been there.

    accept > greet: PROXY header, where it is expected: read and taken away > look for the hello
             greet: hello not complete > wait for more > … > choose > handshake > ClientProtocol
                    no header, no TLS, nobody there, too slow         > refused (an alert where the client can read one)

Bytes that are looked at stay readable, and would wake the loop again and again while a hello is in pieces:
SO_RCVLOWAT asks the kernel to be woken by one byte more than was seen. A connection costs one task, for its handshake;
a request costs none. Waiting is bounded by `header_timeout`, for the hello and again for the handshake.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import structlog

from edge.gateway.data_path import DataPath
from edge.gateway.http.protocol import ClientProtocol, Ends
from edge.gateway.http.proxy_protocol import ProxyHeaderError, is_expected, read_header
from edge.gateway.http.timers import NEVER
from edge.gateway.tls.alerting import alert_of
from edge.gateway.tls.hello import LIMIT, Hello, HelloError, read_hello
from edge.gateway.tls.secured import choose
from edge.tasks import Tasks

log = structlog.get_logger("edge.gateway.tls")

AT_ONCE = 64
"""Connections accepted in one turn of the loop."""
REST = 1.0
"""Seconds without accepting when descriptors have run out."""
UNRECOGNIZED_NAME, INTERNAL_ERROR, DECODE_ERROR = 112, 80, 50
PROTOCOL_VERSION, NO_APPLICATION_PROTOCOL = 70, 120
"""Alerts (RFC 8446 6.2)."""
_PLAIN = (
    b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n"
    b"this port speaks HTTPS, not HTTP\n"
)


class Greeting:
    """An accepted connection whose hello is not complete."""

    __slots__ = ("_listener", "_seen", "deadline", "ends", "header_expected", "slot", "sock")

    def __init__(self, listener: TlsListener, sock: socket.socket, header_expected: bool = False) -> None:
        self._listener = listener
        self._seen = 0
        self.header_expected = header_expected
        self.ends: Ends = (None, None)
        self.sock = sock
        self.deadline = NEVER
        self.slot = 0

    def __repr__(self) -> str:
        return f"<Greeting fd={self.sock.fileno()} seen={self._seen}>"

    def look(self) -> None:
        """More bytes are there, or the client has gone."""
        try:
            data = self.sock.recv(2 * LIMIT, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._listener.drop(self)
            return
        if len(data) <= self._seen:  # woken without more: the client has said its last
            self._listener.drop(self)
            return
        if self.header_expected:
            self._look_for_header(data)
        else:
            self._look_for_hello(data)

    def _look_for_header(self, data: bytes) -> None:
        try:
            header = read_header(data)
        except ProxyHeaderError:
            self._listener.refuse_header(self)
            return
        if header is None:
            self._wait_for_more(len(data))
            return
        self.sock.recv(header.size)  # looked at until now
        self.header_expected = False
        if header.addresses is not None:
            self.ends = (header.addresses.source, header.addresses.destination)
        self._wait_for_more(0)
        if len(data) > header.size:
            self.look()

    def _wait_for_more(self, seen: int) -> None:
        self._seen = seen
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)

    def _look_for_hello(self, data: bytes) -> None:
        try:
            hello = read_hello(data)
        except HelloError:
            self._listener.refuse(self, DECODE_ERROR, _PLAIN if data[:1].isalpha() else b"")
            return
        if hello is None:
            self._wait_for_more(len(data))
        elif not hello.new_enough:
            self._listener.refuse(self, PROTOCOL_VERSION)
        elif not hello.speaks_http:
            self._listener.refuse(self, NO_APPLICATION_PROTOCOL)
        else:
            self._listener.begin(self, hello)

    def deadline_passed(self) -> None:
        """No hello in time."""
        self._listener.drop(self)


class TlsListener:
    """Accepts on sockets, and makes a `ClientProtocol` of every connection whose handshake succeeds."""

    def __init__(self, path: DataPath, tasks: Tasks) -> None:
        self._path = path
        self._loop = path.loop
        self._tasks = tasks
        self._sockets: list[socket.socket] = []
        self._greetings: dict[Greeting, None] = {}
        self._shaking = 0
        self._settled = asyncio.Event()
        self._settled.set()

    def __repr__(self) -> str:
        return f"<TlsListener sockets={len(self._sockets)} waiting={len(self._greetings)} shaking={self._shaking}>"

    def listen(self, sock: socket.socket) -> None:
        """Accept on `sock`, which listens and is the listener's from now on."""
        sock.setblocking(False)
        self._sockets.append(sock)
        self._loop.add_reader(sock, self._accept, sock)

    def stop(self) -> None:
        """Take what waits in the queues, then accept no more."""
        sockets, self._sockets = self._sockets, []
        for sock in sockets:
            self._loop.remove_reader(sock)
            with suppress(OSError):  # BlockingIOError: it is empty
                while True:
                    self._greet(*sock.accept())
            sock.close()

    async def settled(self) -> None:
        """Until no connection is between its accept and the end of its handshake."""
        await self._settled.wait()

    def _accept(self, sock: socket.socket) -> None:
        try:
            for _ in range(AT_ONCE):
                self._greet(*sock.accept())
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            log.error("no connection can be accepted for a moment", reason=error.strerror)
            self._loop.remove_reader(sock)
            self._loop.call_later(REST, self._go_on, sock)

    def _go_on(self, sock: socket.socket) -> None:
        if sock in self._sockets:
            self._loop.add_reader(sock, self._accept, sock)

    def _greet(self, sock: socket.socket, name: object) -> None:
        sock.setblocking(False)
        greeting = Greeting(self, sock, is_expected(self._path, name))
        self._greetings[greeting] = None
        self._settled.clear()
        self._path.wheel.set(greeting, self._path.now() + self._path.settings.header_timeout)
        self._loop.add_reader(sock, greeting.look)

    def _done(self, greeting: Greeting) -> None:
        self._loop.remove_reader(greeting.sock)
        self._path.wheel.remove(greeting)
        del self._greetings[greeting]
        self._check_settled()

    def _check_settled(self) -> None:
        if not self._greetings and not self._shaking:
            self._settled.set()

    def drop(self, greeting: Greeting) -> None:
        """Nothing can be said to this client."""
        self._done(greeting)
        greeting.sock.close()

    def refuse_header(self, greeting: Greeting) -> None:
        """No PROXY header where there must be one: nothing is said."""
        self._path.counters.proxy_headers_refused += 1
        self.drop(greeting)

    def drop_all(self) -> None:
        """The worker ends."""
        for greeting in list(self._greetings):
            self.drop(greeting)

    def refuse(self, greeting: Greeting, alert: int, plain: bytes = b"") -> None:
        """End it with a fatal alert, or with `plain` for a client that does not speak TLS."""
        self._done(greeting)
        sock = greeting.sock
        with suppress(OSError):
            sock.recv(2 * LIMIT)  # what is not read would reset the connection and take the alert away
            sock.send(plain or bytes((21, 3, 3, 0, 2, 2, alert)))
            sock.shutdown(socket.SHUT_WR)
        sock.close()

    def begin(self, greeting: Greeting, hello: Hello) -> None:
        """The hello is there: choose, and let the loop's TLS read it."""
        name = hello.server_name
        try:
            chosen = choose(hello, self._path.snapshot)
        except (OSError, ValueError) as error:
            log.error("a certificate cannot be used", server_name=name, reason=str(error)[:200])
            self.refuse(greeting, INTERNAL_ERROR)
            return
        if chosen is None:
            self.refuse(greeting, UNRECOGNIZED_NAME)
            return
        secured, context = chosen
        ends = greeting.ends
        self._shaking += 1
        self._done(greeting)
        sock = greeting.sock
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        path = self._path

        async def shake_hands() -> None:
            with sock.dup() as copy:  # the loop closes its own before the client could be told why
                try:
                    await self._loop.connect_accepted_socket(
                        lambda: ClientProtocol(path, "https", secured, ends),
                        sock,
                        ssl=context,
                        ssl_handshake_timeout=path.settings.header_timeout,
                        ssl_shutdown_timeout=path.settings.linger_timeout,
                    )
                except OSError as error:  # ssl.SSLError is one: the client's doing
                    log.debug("a handshake failed", server_name=name, reason=str(error)[:200])
                    await self._tell(copy, alert_of(error))
                finally:
                    self._shaking -= 1
                    self._check_settled()

        self._tasks.start(shake_hands(), "TLS handshake")

    async def _tell(self, sock: socket.socket, alert: bytes) -> None:
        """Say why a handshake failed, and read on for a moment: closing with unread bytes, such as the request that a
        client of TLS 1.3 sends along, would reset the connection and take the alert away."""
        if not alert:
            return
        with suppress(OSError):  # TimeoutError is one
            sock.send(alert)
            sock.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(self._path.settings.linger_timeout):
                while await self._loop.sock_recv(sock, LIMIT):
                    pass
