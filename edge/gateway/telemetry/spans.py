"""Spans as OTLP writes them in JSON (opentelemetry-proto 1.x, `ExportTraceServiceRequest`): a server span for what the
client asked, and a client span for what the last endpoint was asked, if one was.

Names and attributes are those of OpenTelemetry's semantic conventions for HTTP; what is ours begins with `edge.`. A
span's name is the method alone, because paths are without number. Everything a client says is bounded (`log_fields`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from edge.gateway.telemetry.log_fields import Seen, text
from edge.gateway.telemetry.observation import Observation, Trace

SERVER, CLIENT = 2, 3
"""`SpanKind`."""
ERROR = {"code": 2}
"""`Status` of a span that failed; others have none."""

_encode = msgspec.json.encode


def of(seen: Seen, ended: float) -> list[bytes]:
    """The spans of a request, encoded. `ended` is the precise clock's time at which it was over, which `seen.time` and
    `seen.seconds` tell as wall time."""
    observed = seen.observed
    if observed is None or observed.trace is None or seen.head is None:
        return []
    trace, offset = observed.trace, seen.time + seen.seconds - ended
    spans = [_encode(_server(seen, trace))]
    began = observed.sent if observed.connecting is None else observed.connecting
    if began is not None:
        last = ended if observed.ended is None else observed.ended
        spans.append(_encode(_client(seen, trace, observed, began + offset, last + offset)))
    return spans


def _server(seen: Seen, trace: Trace) -> dict[str, Any]:
    head = seen.head
    assert head is not None
    agent = next((value for name, value in head.fields if name == b"user-agent"), None)
    span = _span(trace, trace.server, trace.parent, head.method, SERVER, seen.time, seen.time + seen.seconds)
    span["attributes"] = _attributes(
        {
            "http.request.method": text(head.method),
            "url.scheme": seen.scheme,
            "url.path": text(head.target.partition(b"?")[0]),
            "server.address": text(head.host),
            "client.address": seen.client,
            "network.peer.address": seen.peer,
            "network.protocol.version": f"1.{head.version}",
            "user_agent.original": None if agent is None else text(agent),
            "http.response.status_code": seen.status,
            "edge.application": seen.application,
            "edge.release": seen.release,
            "edge.rule": seen.rule,
            "edge.request_id": text(seen.request_id),
            "error.type": str(seen.status) if seen.status >= 500 else None,
        }
    )
    if seen.status >= 500:
        span["status"] = ERROR
    return span


def _client(seen: Seen, trace: Trace, observed: Observation, began: float, ended: float) -> dict[str, Any]:
    head = seen.head
    assert head is not None
    span = _span(trace, trace.client, trace.server, head.method, CLIENT, began, ended)
    failed = observed.status is None or observed.status >= 400
    host, port = ("", 0) if seen.address is None else seen.address
    span["attributes"] = _attributes(
        {
            "http.request.method": text(head.method),
            "server.address": host,
            "server.port": port,
            "http.response.status_code": observed.status,
            "http.request.resend_count": seen.attempts - 1 if seen.attempts > 1 else None,
            "edge.upstream": seen.upstream,
            "error.type": (str(observed.status) if observed.status else "no answer") if failed else None,
        }
    )
    if failed:
        span["status"] = ERROR
    return span


def _span(
    trace: Trace, span: bytes, parent: bytes, name: bytes, kind: int, began: float, ended: float
) -> dict[str, Any]:
    return {
        "traceId": trace.trace.decode("ascii"),
        "spanId": span.decode("ascii"),
        "parentSpanId": parent.decode("ascii"),
        "traceState": text(trace.state),
        "name": name.decode("ascii"),
        "kind": kind,
        "startTimeUnixNano": str(int(began * 1e9)),
        "endTimeUnixNano": str(int(ended * 1e9)),
    }


def _attributes(values: dict[str, str | int | None]) -> list[dict[str, Any]]:
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in values.items()
        if value not in (None, "")
    ]


def request(spans: list[bytes], gateway: str) -> bytes:
    """What is posted to a collector."""
    resource = _encode({"attributes": _attributes({"service.name": "edge-gateway", "service.instance.id": gateway})})
    return b'{"resourceSpans":[{"resource":%b,"scopeSpans":[{"scope":{"name":"edge.gateway"},"spans":[%b]}]}]}' % (
        resource,
        b",".join(spans),
    )
