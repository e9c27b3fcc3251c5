"""Which requests are traced, and how their spans get to a collector: OTLP over HTTP, JSON, over the worker's own
connections (`Subrequest`).

Rules. *Sampling*: a request with a valid `traceparent` is traced when its caller's is (the sampled flag); one without
begins a trace with the probability that was set. A request that is not traced is passed on untouched and costs the look
at its headers. *Never in the way*: spans wait encoded in a queue of at most `WAITING`; a batch is posted when `BATCH`
wait or `DELAY` after the first, one at a time. What finds the queue full is dropped and counted. A collector that is
away, or says 429, 502, 503 or 504, is asked again with the same batch after a pause that doubles, or as long as its
`Retry-After` says; whatever else it says drops the batch, and what it says that it has rejected of a batch counts as
dropped (OTLP/HTTP, "Failures", "Partial Success", "OTLP/HTTP Throttling"). The log is told when the kind of trouble
changes, not with each batch.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import structlog

from edge.gateway.http.subrequest import Subrequest
from edge.gateway.telemetry import spans, trace_context
from edge.gateway.telemetry.log_fields import Seen
from edge.gateway.telemetry.observation import Observation, Trace
from edge.logs import printable
from edge.model.upstream import UpstreamTls

if TYPE_CHECKING:
    from edge.gateway.balancing.target import Address
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.head import RequestHead, ResponseHead

log = structlog.get_logger("edge.gateway")

WAITING = 2048
BATCH = 256
DELAY = 2.0
PATIENCE = 10.0
"""Seconds that a collector may take for a batch."""
PAUSE, LONGEST_PAUSE = 1.0, 30.0
LONGEST_RETRY_AFTER = 300.0
"""Seconds that a collector is left alone at most, whatever it asks for."""
AT_THE_END = 1.0
"""Seconds in which a worker that ends still sends what waits."""
AGAIN = frozenset((429, 502, 503, 504))
ANSWER_LIMIT = 64 * 1024
SHOWN = 300
"""Characters of a collector's words in the log."""


class PartialSuccess(msgspec.Struct, rename="camel"):
    """OTLP's JSON writes 64-bit numbers as text, and some collectors do not."""

    rejected_spans: int | str = 0
    error_message: str = ""


class Taken(msgspec.Struct, rename="camel"):
    """`ExportTraceServiceResponse`."""

    partial_success: PartialSuccess | None = None


def problem(url: str) -> str | None:
    """What is wrong with a collector's URL; None: nothing."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not url.isascii() or not url.isprintable() or " " in url or "#" in url or "@" in parts.netloc:
        return f"expected http://HOST:PORT or https://HOST:PORT of a collector, got {url[:100]!r}"
    return None


class Collector:
    """Where batches go: a URL without a path is that of the collector as a whole, which takes spans at /v1/traces."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        self.url = url
        self.address: Address = (host, parts.port or (443 if secure else 80))
        self.tls = UpstreamTls(server_name=host) if secure else None
        path = parts.path if parts.path not in ("", "/") else "/v1/traces"
        target = path + (f"?{parts.query}" if parts.query else "")
        self._head = (
            f"POST {target} HTTP/1.1\r\nhost: {parts.netloc}\r\nuser-agent: edge-gateway\r\n"
            "content-type: application/json\r\ncontent-length: "
        ).encode()

    def request(self, body: bytes) -> bytes:
        """The bytes of a whole request."""
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)


class Tracer:
    """Traces requests of `path` with the probability `sample`; `gateway` is the server's name. `exported` and
    `dropped` count spans."""

    def __init__(self, path: DataPath, url: str, sample: float, gateway: str) -> None:
        self._path = path
        self._collector = Collector(url)
        self._bound = int(sample * 2**56)
        self._gateway = gateway
        self._waiting: list[bytes] = []
        self._batch: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._asked: Subrequest | None = None
        self._pause = 0.0
        self._trouble = ""
        self._settled: asyncio.Event | None = None
        self.exported = 0
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<Tracer {self._collector.url} waiting={len(self._waiting)} dropped={self.dropped}>"

    # A request

    def begin(self, head: RequestHead) -> Trace | None:
        """The trace of a request, None: it is not traced."""
        context = trace_context.read(head.fields)
        draw = self._path.draw
        if context is not None:
            if not context.sampled:
                return None
            return Trace(context.trace, context.parent, _identity(draw(64)), _identity(draw(64)), context.state)
        if draw(56) >= self._bound:
            return None
        return Trace(b"%032x" % (draw(128) or 1), b"", _identity(draw(64)), _identity(draw(64)))

    def observe(self, head: RequestHead) -> Observation | None:
        """What notes the times of a traced request."""
        trace = self.begin(head)
        return None if trace is None else Observation(trace)

    def record(self, seen: Seen) -> None:
        """A traced request is over."""
        for span in spans.of(seen, self._path.precise()):
            if len(self._waiting) >= WAITING:
                self.dropped += 1
                continue
            self._waiting.append(span)
        if self._asked is None and not self._pause and len(self._waiting) >= BATCH:
            self._export()
        elif self._timer is None and self._asked is None:
            self._timer = self._path.loop.call_later(DELAY, self._export)

    # The collector

    def _export(self) -> None:
        self._stop_timer()
        if not self._batch:
            self._batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        if not self._batch:
            return
        data = self._collector.request(spans.request(self._batch, self._gateway))
        self._timer = self._path.loop.call_later(PATIENCE, self._give_up)
        self._asked = Subrequest(self._path, b"POST", data, self._answered, ANSWER_LIMIT)
        self._asked.ask(self._collector.address, self._collector.tls)

    def _give_up(self) -> None:
        self._timer = None
        if self._asked is not None:
            self._asked.abandon()
        self._answered(None, b"")

    def _answered(self, head: ResponseHead | None, body: bytes) -> None:
        self._stop_timer()
        self._asked = None
        status = 0 if head is None else head.status
        if status == 0 or status in AGAIN:
            self._pause = _retry_after(head) or min(max(self._pause * 2, PAUSE), LONGEST_PAUSE)
            self._report("the collector takes no spans now", status, body)
        else:
            sent, self._batch = len(self._batch), []
            self._pause = 0.0
            rejected, reason = (sent, body) if not 200 <= status < 300 else _rejected(body, sent)
            self.dropped += rejected
            self.exported += sent - rejected
            if rejected:
                self._report("the collector refused spans", status, reason)
            else:
                self._trouble = ""
        if self._settled is not None:
            self._settled.set()
        elif self._batch or self._waiting:
            full = not self._pause and len(self._waiting) >= BATCH
            self._timer = self._path.loop.call_later(0.0 if full else self._pause or DELAY, self._export)

    def _report(self, trouble: str, status: int, said: bytes) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            words = printable(said[: 4 * SHOWN].decode("utf-8", "backslashreplace"))[:SHOWN]
            log.warning(trouble, url=self._collector.url, status=status or None, said=words or None)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def close(self) -> None:
        """Send what waits as far as the collector takes it now, and end; the rest is dropped."""
        self._settled = settled = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(AT_THE_END):
                while (self._batch or self._waiting) and not self._pause:
                    if self._asked is None:
                        self._export()
                    await settled.wait()
                    settled.clear()
        self._stop_timer()
        if self._asked is not None:
            self._asked.abandon()
        self.dropped += len(self._batch) + len(self._waiting)
        self._batch, self._waiting = [], []


def _identity(bits: int) -> bytes:
    return b"%016x" % (bits or 1)


def _retry_after(head: ResponseHead | None) -> float:
    """The seconds that a collector asks for, 0: none. A date would need its clock to be ours: our own pause does."""
    said = None if head is None else next((value for name, value in head.fields if name == b"retry-after"), None)
    if said is None or not said.isdigit() or len(said) > 9:
        return 0.0
    return min(float(said), LONGEST_RETRY_AFTER)


def _rejected(body: bytes, sent: int) -> tuple[int, bytes]:
    """How many of a batch that was answered 200 the collector has not taken, and why. Collectors may answer without a
    body, and in protobuf, which says nothing here."""
    try:
        partial = msgspec.json.decode(body, type=Taken).partial_success if body else None
        rejected = 0 if partial is None else int(partial.rejected_spans)
    except (msgspec.MsgspecError, ValueError):
        return 0, b""
    return min(max(rejected, 0), sent), b"" if partial is None else partial.error_message.encode()
