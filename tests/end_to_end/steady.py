"""Steady load: so many requests a second, whatever becomes of those before; every one of them is accounted for.

The schedule is open: request k is due at k/rate, and is sent then on an idle connection, or on a new one when none is
idle. A gateway that stands still is asked on, so what it would have dropped is seen, and `slowest` counts from when a
request was due. Idle connections are taken in turn. One request in `renewed` goes over a new connection in any case,
and the oldest is closed: accepting is tested, too.

A request failed when it was not answered 200 by an endpoint, or not at all: then the connection was refused, or ended.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httptools


class Failure(NamedTuple):
    """A request that was due at `due` (the loop's clock) and failed at `at`."""

    due: float
    at: float
    reason: str


class Interval(NamedTuple):
    """What became of the requests of a time: `rate` is how many a second were due then and have ended, `slowest` in
    seconds. Failures are of all that were in flight, also of those that had been due before."""

    requests: int
    rate: float
    slowest: float
    failures: list[Failure]


class Connection(asyncio.Protocol):
    """One connection; `due` is the time of the request in hand, None when it is idle."""

    def __init__(self, load: Steady, due: float | None = None) -> None:
        self.load = load
        self.due = due
        self.transport: Any = None
        self._pod = ""
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.load.connections[self] = None
        if self.due is None:
            self.load.idle.append(self)
        else:
            self.transport.write(self.load.request())

    def ask(self, due: float) -> None:
        self.due = due
        self.transport.write(self.load.request())

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._failed(repr(error))
            self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 5 and name.lower() == b"x-pod":
            self._pod = value.decode()

    def on_message_complete(self) -> None:
        due, self.due = self.due, None
        pod, self._pod = self._pod, ""
        status = self._parser.get_status_code()
        if due is None:
            self.load.failed(self.load.loop.time(), f"an answer that nobody asked for: {status}")
        elif status != 200:
            self.load.failed(due, f"{status} from {pod or 'the gateway'}")
        else:
            self.load.answered(due, pod)
        if self._parser.should_keep_alive():
            self.load.idle.append(self)
        else:
            self.transport.close()
        self._parser = httptools.HttpResponseParser(self)

    def eof_received(self) -> None:
        self._failed("the connection ended without an answer")

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.connections.pop(self, None)
        self._failed(f"the connection ended: {exc!r}")

    def _failed(self, reason: str) -> None:
        due, self.due = self.due, None
        if due is not None:
            self.load.failed(due, reason)
        elif self in self.load.idle:
            self.load.idle.remove(self)


class Steady:
    """`async with Steady(url, host, rate=500) as load:` asks all the while. `requests` are asked in turn: (method,
    path); `tls` is a client's context; `kept` connections are open at the start."""

    def __init__(
        self,
        url: str,
        host: str,
        rate: float = 500,
        *,
        requests: Sequence[tuple[str, str]] = (("GET", "/steady"),),
        tls: ssl.SSLContext | None = None,
        kept: int = 16,
        renewed: int = 25,
    ) -> None:
        parts = urlsplit(url)
        self.rate = rate
        self.host = host
        self.loop = asyncio.get_running_loop()
        self.connections: dict[Connection, None] = {}
        self.idle: deque[Connection] = deque()
        self.pods: Counter[str] = Counter()
        self.failures: list[Failure] = []
        self.asked = 0
        self._address = (parts.hostname, parts.port)
        self._tls: dict[str, Any] = {"ssl": tls, "server_hostname": host} if tls else {}
        self._kept = kept
        self._renewed = renewed
        heads = [f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n" for method, path in requests]
        lengths = ["" if method == "GET" else "Content-Length: 5\r\n" for method, _ in requests]
        bodies = ["" if method == "GET" else "hello" for method, _ in requests]
        said = [f"{head}{length}\r\n{body}".encode() for head, length, body in zip(heads, lengths, bodies, strict=True)]
        self._said = itertools.cycle(said)
        self._took: list[tuple[float, float]] = []
        self._opening: dict[asyncio.Task[None], None] = {}
        self._began = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._progress = asyncio.Event()

    async def __aenter__(self) -> Steady:
        for _ in range(self._kept):
            await self.loop.create_connection(lambda: Connection(self), *self._address, **self._tls)
        self._began = self.loop.time()
        self._tick()
        await self.more(int(self.rate / 10))
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self.settled(self.loop.time())
        finally:
            for connection in list(self.connections):
                connection.due = None
                connection.transport.abort()
            for task in list(self._opening):
                task.cancel()
            await asyncio.sleep(0)

    # What tests ask

    @property
    def now(self) -> float:
        return self.loop.time()

    @property
    def in_flight(self) -> int:
        """Requests that were asked and not answered yet."""
        return self.asked - len(self._took) - len(self.failures)

    async def more(self, count: int) -> None:
        """Wait until `count` more requests were answered, or failed."""
        goal = len(self._took) + len(self.failures) + count
        while len(self._took) + len(self.failures) < goal:
            self._progress.clear()
            await self._progress.wait()

    async def settled(self, until: float, within: float = 30.0) -> None:
        """Wait until every request that was due before `until` has its end; what has none after `within` failed."""
        wanted = min(self.asked, int((until - self._began) * self.rate))
        try:
            async with asyncio.timeout(within):
                while any(c.due is not None and c.due < until for c in self.connections) or self._waiting(until):
                    await self.more(1)
        except TimeoutError:
            for connection in self.connections:
                if connection.due is not None and connection.due < until:
                    self.failed(connection.due, f"no answer within {within:g} s")
                    connection.due = None
        assert len(self._took) + len(self.failures) >= wanted

    def _waiting(self, until: float) -> bool:
        return any(float(task.get_name()) < until for task in self._opening)

    async def since(self, began: float) -> Interval:
        """What became of everything that was in flight at `began`, or due from then until now."""
        ended = self.loop.time()
        await self.settled(ended)
        took = [seconds for due, seconds in self._took if began <= due < ended]
        failures = [failure for failure in self.failures if failure.due < ended and failure.at >= began]
        rate = (len(took) + sum(failure.due >= began for failure in failures)) / (ended - began)
        return Interval(len(took) + len(failures), rate, max(took, default=0.0), failures)

    # What connections tell

    def request(self) -> bytes:
        return next(self._said)

    def answered(self, due: float, pod: str) -> None:
        self._took.append((due, self.loop.time() - due))
        self.pods[pod] += 1
        self._progress.set()

    def failed(self, due: float, reason: str) -> None:
        self.failures.append(Failure(due, self.loop.time(), reason))
        self._progress.set()

    # The schedule

    def _tick(self) -> None:
        now = self.loop.time()
        while (due := self._began + self.asked / self.rate) <= now:
            self.asked += 1
            self._ask(due)
        self._timer = self.loop.call_at(due, self._tick)

    def _ask(self, due: float) -> None:
        renew = self.asked % self._renewed == 0
        if self.idle and not renew:
            self.idle.popleft().ask(due)
            return
        if self.idle:
            self.idle.popleft().transport.close()
        task = self.loop.create_task(self._open(due), name=repr(due))
        self._opening[task] = None
        task.add_done_callback(lambda task: self._opening.pop(task))

    async def _open(self, due: float) -> None:
        try:
            await self.loop.create_connection(lambda: Connection(self, due), *self._address, **self._tls)
        except OSError as error:
            self.failed(due, f"no connection: {error!r}")
