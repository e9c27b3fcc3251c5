"""Traced requests as dialogues: the collector is one more endpoint that is said to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge.gateway.telemetry import tracing
from edge.gateway.telemetry.tracing import Collector
from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.exchanging import GET, OK, field
from tests.gateway.serving import serving

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACED = GET[:-2] + f"traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: a=1\r\n\r\n".encode()
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def tracing_dialogue(sample: float = 0.0, **settings: Any) -> Dialogue:
    return Dialogue(serving("10.0.0.1:80"), tracing="http://collector:4318", tracing_sample=sample, **settings)


def ask(dialogue: Dialogue, request: bytes, answer: bytes = OK) -> bytes:
    client = dialogue.client()
    client.says(request)
    endpoint = dialogue.accepts()
    sent = endpoint.hears()
    dialogue.wait(0.5)
    endpoint.says(answer)
    return sent


def posted(collector: Side) -> tuple[bytes, list[dict[str, Any]]]:
    head, _, body = collector.hears().partition(b"\r\n\r\n")
    (resource,) = json.loads(body)["resourceSpans"]
    assert {one["key"]: one["value"]["stringValue"] for one in resource["resource"]["attributes"]} == {
        "service.name": "edge-gateway",
        "service.instance.id": "edge",
    }
    return head, resource["scopeSpans"][0]["spans"]


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def exported(dialogue: Dialogue) -> list[dict[str, Any]]:
    dialogue.wait(tracing.DELAY)
    assert dialogue.connects() == ("collector", 4318)
    collector = dialogue.accepts()
    head, spans = posted(collector)
    assert head.startswith(b"POST /v1/traces HTTP/1.1\r\nhost: collector:4318\r\n")
    collector.says(TAKEN)
    return spans


def test_a_trace_of_the_caller_goes_on_with_a_server_and_a_client_span() -> None:
    dialogue = tracing_dialogue()
    sent = ask(dialogue, TRACED)
    server, client = exported(dialogue)
    assert field(sent, b"traceparent") == f"00-{TRACE}-{client['spanId']}-01".encode()
    assert field(sent, b"tracestate") == b"a=1"
    assert (server["traceId"], server["parentSpanId"], server["kind"]) == (TRACE, PARENT, 2)
    assert (client["traceId"], client["parentSpanId"], client["kind"]) == (TRACE, server["spanId"], 3)
    assert server["traceState"] == client["traceState"] == "a=1"
    assert len({server["spanId"], client["spanId"], PARENT}) == 3
    assert int(client["endTimeUnixNano"]) - int(client["startTimeUnixNano"]) == pytest.approx(5e8, abs=1e4)
    assert int(server["startTimeUnixNano"]) == pytest.approx(int(client["startTimeUnixNano"]), abs=1e4)
    said = attributes(server)
    assert said.pop("edge.request_id") == field(sent, b"x-request-id").decode()  # type: ignore[union-attr]
    assert said == {
        "http.request.method": "GET", "url.scheme": "http", "url.path": "/a", "server.address": "www.example.com",
        "client.address": "192.0.2.7", "network.peer.address": "192.0.2.7", "network.protocol.version": "1.1",
        "http.response.status_code": "200", "edge.application": "a1", "edge.release": "1", "edge.rule": "r0",
    }  # fmt: skip
    assert attributes(client) == {
        "http.request.method": "GET", "server.address": "10.0.0.1", "server.port": "80",
        "http.response.status_code": "200", "edge.upstream": "u1",
    }  # fmt: skip
    assert "status" not in server
    assert dialogue.path.tracer is not None
    assert (dialogue.path.tracer.exported, dialogue.path.tracer.dropped) == (2, 0)


@pytest.mark.parametrize("tracing_on", [False, True])
@pytest.mark.parametrize("parent", [f"00-{TRACE}-{PARENT}-00", "not one at all"])
def test_what_is_not_traced_is_passed_on_untouched(tracing_on: bool, parent: str) -> None:
    dialogue = tracing_dialogue() if tracing_on else Dialogue(serving("10.0.0.1:80"))
    sent = ask(dialogue, TRACED.replace(f"00-{TRACE}-{PARENT}-01".encode(), parent.encode()))
    assert (field(sent, b"traceparent"), field(sent, b"tracestate")) == (parent.encode(), b"a=1")
    dialogue.wait(10)
    assert dialogue.connecting == []


def test_a_request_without_a_valid_parent_begins_a_trace_as_often_as_was_set() -> None:
    dialogue = tracing_dialogue(1.0)
    sent = ask(dialogue, TRACED.replace(b"00-4bf", b"00-ABC"))
    server, client = exported(dialogue)
    assert server["parentSpanId"] == ""
    assert field(sent, b"traceparent") == f"00-{server['traceId']}-{client['spanId']}-01".encode()
    assert field(sent, b"tracestate") is None
    seldom = tracing_dialogue(0.05)
    head: Any = type("Head", (), {"fields": []})
    assert seldom.path.tracer is not None
    began = sum(seldom.path.tracer.begin(head) is not None for _ in range(4000))
    assert 120 < began < 290


def test_failures_are_told_and_an_answer_of_the_gateway_has_no_client_span() -> None:
    dialogue = tracing_dialogue()
    client = dialogue.client()
    client.says(TRACED)
    dialogue.refuses()
    client.says(TRACED.replace(b"www", b"nobody"))
    failed, asked, unknown = exported(dialogue)
    assert failed["status"] == asked["status"] == {"code": 2}
    assert (attributes(failed)["error.type"], attributes(asked)["error.type"]) == ("502", "no answer")
    assert attributes(unknown)["http.response.status_code"] == "404"
    assert "status" not in unknown, "the client's fault"


def test_a_collector_that_is_away_gets_the_same_batch_later_and_nobody_waits() -> None:
    dialogue = tracing_dialogue()
    ask(dialogue, TRACED)
    tracer = dialogue.path.tracer
    assert tracer is not None
    with capture_logs() as logs:
        dialogue.wait(tracing.DELAY)
        dialogue.refuses()
        dialogue.wait(1.01)
        collector = dialogue.accepts()
        first = posted(collector)[1]
        collector.says(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        second = dialogue.client()
        second.says(TRACED.replace(b"/a", b"/second").replace(b"www", b"nobody"))
        assert second.hears().startswith(b"HTTP/1.1 404")
        dialogue.wait(1.9)
        assert collector.hears() == b"", "the pause has doubled"
        dialogue.wait(0.2)
    assert posted(collector)[1] == first
    collector.says(TAKEN)
    assert (tracer.exported, tracer.dropped) == (2, 0)
    assert [entry["event"] for entry in logs] == ["the collector takes no spans now"], "said once"
    dialogue.wait(tracing.DELAY)
    assert attributes(posted(collector)[1][0])["url.path"] == "/second"


def test_a_collector_says_itself_when_it_is_to_be_asked_again() -> None:
    dialogue = tracing_dialogue()
    ask(dialogue, TRACED)
    with capture_logs() as logs:
        dialogue.wait(tracing.DELAY)
        collector = dialogue.accepts()
        first = posted(collector)[1]
        collector.says(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 45\r\nContent-Length: 8\r\n\r\nlater\x1b[2")
        dialogue.wait(44.9)
        assert collector.hears() == b""
        dialogue.wait(0.2)
        assert posted(collector)[1] == first
        collector.says(b"HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999\r\nContent-Length: 0\r\n\r\n")
        dialogue.wait(tracing.LONGEST_PAUSE + 1)
    assert posted(dialogue.accepts() if dialogue.connecting else collector)[1] == first, "no number of seconds"
    assert [(entry["status"], entry["said"]) for entry in logs] == [(429, r"later\x1b[2")], "said once, and escaped"


def test_what_a_collector_takes_only_in_part_counts_as_dropped() -> None:
    dialogue = tracing_dialogue()
    ask(dialogue, TRACED)
    said = b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}'
    with capture_logs() as logs:
        dialogue.wait(tracing.DELAY)
        dialogue.accepts().says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))
    assert dialogue.path.tracer is not None
    assert (dialogue.path.tracer.exported, dialogue.path.tracer.dropped) == (1, 1)
    assert [(entry["status"], entry["said"]) for entry in logs] == [(200, "too old")]


def test_a_batch_that_is_refused_is_dropped_and_counted_and_the_reason_is_said_once() -> None:
    dialogue = tracing_dialogue()
    with capture_logs() as logs:
        ask(dialogue, TRACED)
        dialogue.wait(tracing.DELAY)
        collector = dialogue.accepts()
        for _ in range(2):
            collector.says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 6\r\n\r\nno key")
            dialogue.client().says(TRACED.replace(b"www", b"nobody"))
            dialogue.wait(tracing.DELAY + 0.1)
    assert dialogue.path.tracer is not None
    assert (dialogue.path.tracer.exported, dialogue.path.tracer.dropped) == (0, 3)
    assert [(entry["event"], entry["said"]) for entry in logs] == [("the collector refused spans", "no key")]
    collector.says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    dialogue.wait(60)
    assert dialogue.connecting == []


def test_a_collector_that_never_answers_holds_a_bounded_number_of_spans() -> None:
    dialogue = tracing_dialogue()
    client = dialogue.client()
    tracer = dialogue.path.tracer
    assert tracer is not None
    unknown = TRACED.replace(b"www", b"nobody")  # answered at once: one span each
    with capture_logs():
        for _ in range(tracing.WAITING + tracing.BATCH + 100):
            client.says(unknown)
        assert dialogue.connects() == ("collector", 4318), "a full batch does not wait"
        dialogue.accepts()
        dialogue.wait(tracing.PATIENCE + tracing.PAUSE + 0.1)
    assert tracer.dropped == 100
    assert repr(tracer) == f"<Tracer http://collector:4318 waiting={tracing.WAITING} dropped=100>"
    assert dialogue.connects() == ("collector", 4318), "the same batch again"


def test_the_access_log_names_the_trace_that_begins_here(tmp_path: Any) -> None:
    path = tmp_path / "access.log"
    dialogue = tracing_dialogue(1.0, access_log=str(path), access_log_fields=("trace_id", "upstream_seconds"))
    ask(dialogue, GET)
    server, _ = exported(dialogue)
    assert json.loads(path.read_text()) == {"trace_id": server["traceId"], "upstream_seconds": 0.5}
    dialogue.path.access_log.close()


def test_a_collector_is_a_url_with_or_without_a_path() -> None:
    assert Collector("https://c").address == ("c", 443)
    assert Collector("https://c").tls is not None
    given = Collector("http://[::1]:4318/otlp/v1/traces?x=1")
    assert given.address == ("::1", 4318)
    assert given.request(b"{}").startswith(b"POST /otlp/v1/traces?x=1 HTTP/1.1\r\nhost: [::1]:4318\r\n")


@pytest.mark.parametrize(
    "url", ["c:4318", "ftp://c", "http://", "http://c:99999", "http://u:p@c", "http://c/#a", "a b"]
)
def test_what_is_no_collector_is_said(url: str) -> None:
    assert "of a collector" in (tracing.problem(url) or "")
    assert tracing.problem("http://127.0.0.1:4318") is None
