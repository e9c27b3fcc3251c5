"""Requests and answers as dialogues: the client says, the gateway connects, the endpoint says, the client hears."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.gateway.snapshot import Application, Snapshot
from edge.model.actions import Proxy
from edge.model.rule import Condition, Rule
from edge.rules.actions import compile_actions
from edge.rules.compile import without_handlers
from edge.rules.conditions import Check
from edge.rules.index import Row, compile_index
from edge.rules.request import Request
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import GET, OK, body, field, fields, start, status
from tests.gateway.serving import PROXY, counted, serving


def test_a_request_goes_to_the_endpoint_and_its_answer_comes_back() -> None:
    dialogue = Dialogue(serving("10.0.0.1:8080"))
    client = dialogue.client()
    client.says(GET)
    assert dialogue.connects() == ("10.0.0.1", 8080)
    upstream = dialogue.accepts()
    request = upstream.hears()
    assert request.startswith(b"GET /a?b=c HTTP/1.1\r\nhost: www.example.com\r\n")
    upstream.says(OK)
    answer = client.hears()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert field(answer, b"content-length") == b"5"
    assert body(answer) == b"hello"
    assert not client.closed
    assert not upstream.closed


def test_the_request_says_who_it_is_for_and_through_whom_it_came() -> None:
    _, _, upstream = start()
    request = upstream.hears()
    assert field(request, b"x-forwarded-for") == b"192.0.2.7"
    assert field(request, b"x-forwarded-proto") == b"http"
    assert field(request, b"x-forwarded-host") == b"www.example.com"
    assert field(request, b"via") == b"1.1 edge-edge"
    assert re.fullmatch(rb"[0-9a-f]{32}", field(request, b"x-request-id") or b"")


def test_the_answer_has_the_id_that_the_endpoint_was_given() -> None:
    _, client, upstream = start()
    given = field(upstream.hears(), b"x-request-id")
    upstream.says(b"HTTP/1.1 200 OK\r\nX-Request-Id: other\r\nContent-Length: 0\r\n\r\n")
    assert field(client.hears(), b"x-request-id") == given


def test_an_untrusted_client_cannot_speak_for_others() -> None:
    _, _, upstream = start(
        GET[:-2] + b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /x\r\n"
        b"Forwarded: for=1.1.1.1\r\nX-Request-Id: mine\r\nX_Forwarded_For: 1.1.1.1\r\n\r\n"
    )
    request = upstream.hears()
    assert b"1.1.1.1" not in request
    assert b"https" not in request
    assert b"mine" not in request
    assert b"prefix" not in request.lower()
    assert field(request, b"x-forwarded-for") == b"192.0.2.7"


def test_a_trusted_proxy_is_believed_and_added_to() -> None:
    _, _, upstream = start(
        GET[:-2] + b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Request-Id: mine\r\n"
        b"Forwarded: for=1.1.1.1\r\nVia: 1.1 other\r\n\r\n",
        trusted_proxies=("192.0.2.0/24",),
    )
    request = upstream.hears()
    assert field(request, b"x-forwarded-for") == b"1.1.1.1, 192.0.2.7"
    assert field(request, b"x-forwarded-proto") == b"https"
    assert field(request, b"x-request-id") == b"mine"
    assert field(request, b"forwarded") == b"for=1.1.1.1"
    assert field(request, b"via") == b"1.1 other, 1.1 edge-edge"


def test_the_scheme_and_the_client_are_what_a_trusted_proxy_says(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    rule = {"actions": [{"type": "respond", "body": "${scheme} ${client-address}"}]}
    lines = b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: %b\r\n\r\n"
    for said, scheme in ((b"https", b"https"), (b"HTTPS, http", b"https"), (b"gopher", b"http"), (b"", b"http")):
        dialogue = Dialogue(serving(rules=[rule]), trusted_proxies=("192.0.2.0/24",), access_log=str(log))
        client = dialogue.client()
        client.says(GET[:-2] + lines % said)
        assert body(client.hears()) == scheme + b" 198.51.100.1"
    dialogue.wait(1)
    assert json.loads(log.read_text().splitlines()[-1])["client"] == "198.51.100.1"
    client = Dialogue(serving(rules=[rule])).client()
    client.says(GET[:-2] + lines % b"https")
    assert body(client.hears()) == b"http 192.0.2.7"


def test_a_rule_that_fails_unforeseen_is_500_and_logged_and_the_connection_goes_on() -> None:
    served = serving("10.0.0.1:80")
    (application,) = served.applications.values()

    def fail(request: Request) -> bool:
        if request.path == "/a":
            raise RecursionError("deep")
        return True

    effects, terminal = compile_actions(Rule("r", actions=(Proxy("u1"),)), without_handlers)
    rules = compile_index([Row(0, "r", (Check(Condition("path", "suffix", ("a",)), fail, None),), effects, terminal)])
    failing = Application(application.entry, application.document, rules, {}, application.backends)
    dialogue = Dialogue(Snapshot(served.manifest, "admin", {"a1": failing}, {}, served._hosts, {}))
    client = dialogue.client()
    with capture_logs() as logs:
        client.says(GET)
    answer = client.hears()
    assert status(answer) == 500
    assert [(entry["log_level"], entry["application"], entry["request_id"]) for entry in logs] == [
        ("error", "shop", (field(answer, b"x-request-id") or b"").decode())
    ]
    assert counted(dialogue.path) == {"a1": {"": [0, 0, 0, 0, 1]}}
    client.says(GET.replace(b"/a?", b"/b?"))
    dialogue.accepts().says(OK)
    assert status(client.hears()) == 200


def test_fields_for_one_hop_and_those_that_connection_names_are_not_passed_on() -> None:
    _, client, upstream = start(
        GET[:-2] + b"Connection: keep-alive, X-Secret, X-Forwarded-For, Host, Via\r\nKeep-Alive: timeout=5\r\n"
        b"X-Secret: 1\r\nTE: trailers\r\nProxy-Connection: close\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\n\r\n"
    )
    request = upstream.hears()
    names = [name for name, _ in fields(request)]
    assert names == [
        b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-request-id", b"via",
    ]  # fmt: skip
    upstream.says(
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    assert [name for name, _ in fields(client.hears())] == [b"x-end", b"date", b"x-request-id", b"content-length"]


def test_connections_are_reused_on_both_sides() -> None:
    dialogue, client, upstream = start()
    for _ in range(3):
        upstream.hears()
        upstream.says(OK)
        assert body(client.hears()) == b"hello"
        client.says(GET)
        assert dialogue.connecting == []
    assert repr(dialogue.path.pool) == "<Pool [<Origin 10.0.0.1:80 idle=0 busy=1 connecting=0>]>"


def test_pipelined_requests_are_answered_in_order() -> None:
    dialogue, client, upstream = start(
        GET.replace(b"/a", b"/1") + GET.replace(b"/a", b"/2") + GET.replace(b"/a", b"/3")
    )
    for number in (b"1", b"2", b"3"):
        assert upstream.hears().startswith(b"GET /%b?" % number)
        assert client.hears() == b""
        upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + number)
        assert body(client.hears()) == number
    assert dialogue.connecting == []


def test_a_request_may_come_byte_by_byte() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    request = b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 3\r\n\r\nabc"
    for byte in request:
        client.says(bytes([byte]))
    upstream = dialogue.accepts()
    assert body(upstream.hears()) == b"abc"
    for byte in OK:
        upstream.says(bytes([byte]))
    assert body(client.hears()) == b"hello"


def test_a_chunked_body_is_passed_on_in_chunks_without_extensions_and_trailers() -> None:
    _, client, upstream = start(
        b"POST / HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n"
    )
    client.says(b"6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n")
    request = upstream.hears()
    assert field(request, b"transfer-encoding") == b"chunked"
    assert field(request, b"content-length") is None
    assert body(request) == b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    upstream.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    answer = client.hears()
    assert field(answer, b"transfer-encoding") == b"chunked"
    assert body(answer) == b"3\r\nabc\r\n"
    upstream.says(b"0\r\n\r\n")
    assert client.hears() == b"0\r\n\r\n"
    assert not client.closed
    assert not upstream.closed


def test_a_client_of_http_1_0_gets_a_chunked_answer_plain_and_then_the_end() -> None:
    _, client, upstream = start(b"GET / HTTP/1.0\r\nHost: www.example.com\r\nConnection: keep-alive\r\n\r\n")
    assert upstream.hears().startswith(b"GET / HTTP/1.1\r\n")
    upstream.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    answer = client.hears()
    assert field(answer, b"transfer-encoding") is None
    assert field(answer, b"connection") == b"close"
    assert body(answer) == b"abc"
    assert client.closed


def test_a_client_of_http_1_0_may_keep_the_connection_when_the_length_is_known() -> None:
    _, client, upstream = start(b"GET / HTTP/1.0\r\nHost: www.example.com\r\nConnection: keep-alive\r\n\r\n")
    upstream.says(OK)
    assert field(client.hears(), b"connection") == b"keep-alive"
    assert not client.closed


def test_an_answer_that_ends_with_its_connection_is_given_in_chunks() -> None:
    dialogue, client, upstream = start()
    upstream.says(b"HTTP/1.0 200 OK\r\n\r\nhel")
    upstream.says(b"lo")
    upstream.ends()
    assert body(client.hears()) == b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    assert not client.closed
    assert repr(dialogue.path.pool) == "<Pool []>"


def test_an_answer_cut_short_cuts_the_client_too() -> None:
    dialogue, client, upstream = start()
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    upstream.ends()
    assert body(client.hears()) == b"hello"
    assert client.transport.aborted
    assert client.closed
    assert counted(dialogue.path) == {"a1": {"u1": [0, 1, 0, 0, 0]}}


@pytest.mark.parametrize(
    ("method", "head", "length"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"500"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", b"500"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", None),
    ],
)
def test_answers_without_a_body_end_with_their_head(method: bytes, head: bytes, length: bytes | None) -> None:
    dialogue, client, upstream = start(GET.replace(b"GET", method))
    upstream.says(head)
    answer = client.hears()
    assert (field(answer, b"content-length"), body(answer)) == (length, b"")
    assert not upstream.closed
    client.says(GET)
    assert dialogue.connecting == []


def test_continue_is_the_endpoints_to_say() -> None:
    _, client, upstream = start(
        b"PUT / HTTP/1.1\r\nHost: www.example.com\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    )
    assert field(upstream.hears(), b"expect") == b"100-continue"
    assert client.hears() == b""
    upstream.says(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert client.hears() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.says(b"hello")
    assert upstream.hears() == b"hello"
    upstream.says(OK)
    assert status(client.hears()) == 200
    assert not client.closed


def test_a_final_answer_in_place_of_continue_closes_because_the_body_may_come_or_not() -> None:
    _, client, upstream = start(
        b"PUT / HTTP/1.1\r\nHost: www.example.com\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    )
    upstream.says(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
    answer = client.hears()
    assert (status(answer), field(answer, b"connection")) == (417, b"close")
    assert client.transport.eof_written
    assert upstream.closed


def test_an_unasked_continue_is_not_passed_on_but_early_hints_are() -> None:
    _, client, upstream = start()
    upstream.says(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + OK)
    hints, _, answer = client.hears().partition(b"\r\n\r\n")
    assert hints == b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>"
    assert status(answer) == 200


def test_an_early_answer_ends_the_upload_but_keeps_the_client() -> None:
    dialogue, client, upstream = start(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 10\r\n\r\nhello")
    upstream.says(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
    assert status(client.hears()) == 413
    assert upstream.closed
    client.says(b"world" + GET)
    assert dialogue.connects() == ("10.0.0.1", 80)


def test_an_answer_may_begin_before_the_request_has_ended() -> None:
    _, client, upstream = start(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 4\r\n\r\nab")
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
    client.says(b"cd")
    assert upstream.hears().endswith(b"abcd")
    upstream.says(b"cd")
    assert body(client.hears()) == b"abcd"
    assert not client.closed
    assert not upstream.closed


def identified(action: dict[str, object], **settings: object) -> Dialogue:
    rules = [{"actions": [{"type": "request-id", **action}, PROXY]}]
    return Dialogue(serving("10.0.0.1:80", rules=rules), **settings)


def test_a_rule_can_take_the_clients_id_and_give_it_a_name() -> None:
    dialogue = identified({"header": "X-Correlation-Id", "accept": True})
    client = dialogue.client()
    client.says(GET[:-2] + b"X-Correlation-Id: theirs-1\r\n\r\n")
    endpoint = dialogue.accepts()
    request = endpoint.hears()
    endpoint.says(OK.replace(b"\r\n\r\n", b"\r\nX-Correlation-Id: the endpoint's\r\n\r\n"))
    for message in (request, client.hears()):
        assert field(message, b"x-request-id") == field(message, b"x-correlation-id") == b"theirs-1"


def test_a_clients_id_that_is_not_taken_reaches_nobody() -> None:
    dialogue = identified({"header": "X-Correlation-Id", "format": "uuid", "upstream_only": True})
    client = dialogue.client()
    client.says(GET[:-2] + b"X-Correlation-Id: theirs-1\r\n\r\n")
    endpoint = dialogue.accepts()
    request = endpoint.hears()
    endpoint.says(OK)
    answer = client.hears()
    identity = field(request, b"x-request-id")
    assert re.fullmatch(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identity or b"")
    assert field(request, b"x-correlation-id") == field(answer, b"x-request-id") == identity
    assert field(answer, b"x-correlation-id") is None


@pytest.mark.parametrize("sent", [b"a b", b"x" * 129, b"a\r\nX-Request-Id: b"])
def test_an_id_that_could_not_stand_in_a_log_is_replaced(sent: bytes) -> None:
    dialogue = identified({"accept": True})
    client = dialogue.client()
    client.says(GET[:-2] + b"X-Request-Id: " + sent + b"\r\n\r\n")
    assert re.fullmatch(rb"[0-9a-f]{32}", field(dialogue.accepts().hears(), b"x-request-id") or b"")


def test_the_gateways_own_errors_and_the_access_log_have_the_rules_id(tmp_path: Path) -> None:
    dialogue = identified({"accept": True}, access_log=str(tmp_path / "log"))
    client = dialogue.client()
    client.says(GET[:-2] + b"X-Request-Id: theirs-1\r\n\r\n")
    dialogue.refuses()
    answer = client.hears()
    assert (status(answer), field(answer, b"x-request-id")) == (502, b"theirs-1")
    assert b"request theirs-1\n" in body(answer)
    dialogue.path.access_log.flush()
    assert b'"request_id":"theirs-1"' in (tmp_path / "log").read_bytes()
