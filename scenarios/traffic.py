"""Traffic: requests at a given rate from a few clients, every answer remembered.

The rate is kept whether or not answers come (an open loop): a request's latency counts from when it was due, so that a
gateway that stalls cannot hide by being asked less. A request that finds no free client within its timeout is an error
too (`late`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import httptools
import msgspec

from edge.tasks import Tasks
from scenarios.model import Ramp, Traffic
from scenarios.values import per_second, seconds

FAILURES = ("refused", "closed", "timeout", "late", "malformed")
"""How a request without an answer can end: no connection, one that broke, none in time, none because no client was
free in time, and what is no HTTP."""


class Sample(msgspec.Struct, frozen=True):
    """One request: when it was due and how long its whole answer took (seconds since the run began), what came
    (a status, or one of `FAILURES`), and the pod that answered."""

    at: float
    seconds: float
    outcome: str
    pod: str = ""
    gateway: str = ""

    @property
    def failed(self) -> bool:
        return not self.outcome.isdigit() or int(self.outcome) >= 400


class _Answer:
    """Callbacks of httptools."""

    def __init__(self, bodiless: bool) -> None:
        self.pod = ""
        self.complete = False
        self.keep = False
        self.parser = httptools.HttpResponseParser(self)
        self._bodiless = bodiless  # the answer to a HEAD has a length, but no body (RFC 9110, section 9.3.2)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-pod":
            self.pod = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._bodiless:
            self.on_message_complete()

    def on_message_complete(self) -> None:
        self.complete = True
        self.keep = self.parser.should_keep_alive()  # afterwards the parser has forgotten the message


class _Client:
    """One client: at most one connection, one request at a time."""

    def __init__(self, address: tuple[str, int], request: bytes, keep: bool) -> None:
        self._address, self._request, self._keep = address, request, keep
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> tuple[str, str]:
        """(outcome, pod). A kept connection that the gateway closed while it was idle is opened again."""
        kept = self._streams is not None
        try:
            return await self._ask()
        except ConnectionRefusedError:
            return "refused", ""
        except (OSError, EOFError) as error:
            self.close()
            idle = kept and isinstance(error, EOFError) and not error.args
            return await self.ask() if idle else ("closed", "")
        except httptools.HttpParserError:
            self.close()
            return "malformed", ""
        except asyncio.CancelledError:
            self.close()
            raise

    async def _ask(self) -> tuple[str, str]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        writer.write(self._request)
        answer = _Answer(self._request.startswith(b"HEAD "))
        begun = False
        while not answer.complete:
            data = await reader.read(65536)
            if not data:
                raise EOFError("in the middle of an answer") if begun else EOFError
            begun = True
            answer.parser.feed_data(data)
        if not (self._keep and answer.keep):
            self.close()
        return str(answer.parser.get_status_code()), answer.pod

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Running:
    """One running traffic through the gateways at `urls` (by name)."""

    def __init__(self, name: str, wanted: Traffic, urls: dict[str, str], now: Callable[[], float]) -> None:
        self.name, self.wanted = name, wanted
        self.samples: list[Sample] = []
        self.outcomes: Counter[str] = Counter()
        self.failed = 0
        self._now = now
        self._timeout = seconds(wanted.timeout)
        self._tasks = Tasks()
        self._free: asyncio.Queue[tuple[str, _Client]] = asyncio.Queue()
        self._clients: list[_Client] = []
        chosen = wanted.gateways or list(urls)
        for number in range(max(wanted.clients, len(chosen))):
            gateway = chosen[number % len(chosen)]
            parts = urlsplit(urls[gateway])
            assert parts.hostname is not None
            assert parts.port is not None
            client = _Client((parts.hostname, parts.port), _request(wanted), wanted.connections == "keep-alive")
            self._clients.append(client)
            self._free.put_nowait((gateway, client))

    def start(self) -> None:
        self._tasks.start(self._keep_rate(), f"traffic {self.name}")

    async def stop(self) -> None:
        await self._tasks.close()
        for client in self._clients:
            client.close()

    async def _keep_rate(self) -> None:
        due = began = self._now()
        while True:
            rate = rate_at(self.wanted.rate, due - began)
            due += 1 / rate if rate > 0 else 0.1
            if (left := due - self._now()) > 0:
                await asyncio.sleep(left)
            if rate > 0:
                self._tasks.start(self._one(due), f"traffic {self.name} request")

    async def _one(self, due: float) -> None:
        pod, gateway, outcome = "", "", "late"
        try:
            async with asyncio.timeout(self._timeout):
                gateway, client = await self._free.get()
                outcome = "timeout"
                try:
                    outcome, pod = await client.ask()
                finally:
                    self._free.put_nowait((gateway, client))
        except TimeoutError:
            pass
        sample = Sample(due, self._now() - due, outcome, pod, gateway)
        self.samples.append(sample)
        self.outcomes[outcome] += 1
        self.failed += sample.failed


def rate_at(rate: str | Ramp, after: float) -> float:
    """Requests per second, `after` seconds after the traffic began."""
    if isinstance(rate, str):
        return per_second(rate)
    first, last = per_second(rate.from_), per_second(rate.to)
    over = seconds(rate.over)
    return last if after >= over else first + (last - first) * after / over


def percentile(samples: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _request(wanted: Traffic) -> bytes:
    body = wanted.body.encode()
    headers = {"Host": wanted.host, **wanted.headers}
    if body or wanted.method in ("POST", "PUT", "PATCH"):
        headers["Content-Length"] = str(len(body))
    if wanted.connections == "new":
        headers["Connection"] = "close"
    lines = [f"{wanted.method} {wanted.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
