"""Dialogues: the client says, the gateway connects, the upstream says, the client hears."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.gateway import exchange as exchanges
from edge.gateway.snapshot import Application, Snapshot
from edge.rules.decision import Decision
from edge.rules.request import Request
from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.serving import PROXY, serving

GET = b"GET /a?b=c HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer[9:12])


def fields(message: bytes) -> list[tuple[bytes, bytes]]:
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return [tuple(line.split(b": ", 1)) for line in lines]  # type: ignore[misc]


def field(message: bytes, name: bytes) -> bytes | None:
    found = [value for key, value in fields(message) if key.lower() == name]
    assert len(found) <= 1, found
    return found[0] if found else None


def body(message: bytes) -> bytes:
    return message.partition(b"\r\n\r\n")[2]


def start(request: bytes = GET, *addresses: str, **settings: object) -> tuple[Dialogue, Side, Side]:
    """A client has sent `request` and the first endpoint has taken the connection."""
    dialogue = Dialogue(serving(*(addresses or ("10.0.0.1:80",))), **settings)
    client = dialogue.client()
    client.says(request)
    return dialogue, client, dialogue.accepts()


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

    def fail(request: Request) -> Decision:
        if request.path == "/a":
            raise RecursionError("deep")
        return Decision(upstream="u1")

    failing = Application(application.entry, application.document, fail, {"u1": application.selector("u1")})
    dialogue = Dialogue(Snapshot(served.manifest, "admin", {"a1": failing}, {}, served._hosts, {}))
    client = dialogue.client()
    with capture_logs() as logs:
        client.says(GET)
    answer = client.hears()
    assert status(answer) == 500
    assert [(entry["log_level"], entry["application"], entry["request_id"]) for entry in logs] == [
        ("error", "shop", (field(answer, b"x-request-id") or b"").decode())
    ]
    assert dialogue.path.counters.requests() == {"a1": {"": [0, 0, 0, 0, 1]}}
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
    assert [name for name, _ in fields(client.hears())] == [b"x-end", b"x-request-id", b"content-length"]


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
    assert dialogue.path.counters.requests() == {"a1": {"u1": [0, 1, 0, 0, 0]}}


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


def test_an_unknown_host_is_404() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET.replace(b"www", b"other"))
    answer = client.hears()
    assert status(answer) == 404
    assert re.fullmatch(rb"[0-9a-f]{32}", field(answer, b"x-request-id") or b"")
    assert len(body(answer)) == int(field(answer, b"content-length") or b"")
    assert 0 < len(body(answer)) < 300
    assert not client.closed


def test_no_rule_is_404_and_a_bad_path_400() -> None:
    dialogue = Dialogue(serving(rules=[]))
    client = dialogue.client()
    client.says(GET)
    assert status(client.hears()) == 404
    client.says(GET.replace(b"/a", b"/%zz"))
    assert status(client.hears()) == 400


def test_no_endpoint_is_503() -> None:
    dialogue = Dialogue(serving())
    client = dialogue.client()
    client.says(GET)
    assert status(client.hears()) == 503


def test_every_endpoint_is_asked_before_502() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"))
    client = dialogue.client()
    client.says(GET.replace(b"GET", b"POST"))
    asked = []
    for _ in range(3):
        asked.append(dialogue.connects()[0])
        assert client.hears() == b""
        dialogue.refuses()
    assert sorted(asked) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert status(client.hears()) == 502
    assert not client.closed


def test_a_post_goes_to_another_endpoint_when_the_first_refuses_the_connection() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80", "10.0.0.2:80"))
    client = dialogue.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\n\r\nhello")
    dialogue.refuses()
    assert dialogue.connects() == ("10.0.0.2", 80)
    upstream = dialogue.accepts()
    assert body(upstream.hears()) == b"hello"
    upstream.says(OK)
    assert status(client.hears()) == 200
    assert dialogue.path.counters.retries == 1


def test_connecting_that_times_out_everywhere_is_504() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET)
    dialogue.never_answers()
    assert status(client.hears()) == 504


def test_an_endpoint_that_does_not_answer_in_time_is_504() -> None:
    dialogue, client, upstream = start(response_timeout=3)
    dialogue.wait(2.9)
    assert client.hears() == b""
    dialogue.wait(0.2)
    assert status(client.hears()) == 504
    assert upstream.closed


def test_an_answer_that_stands_still_cuts_the_client() -> None:
    dialogue, client, upstream = start(response_timeout=3)
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    dialogue.wait(3.1)
    assert client.transport.aborted
    assert upstream.closed


def test_a_loop_is_508() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), name="Gate 1")
    client = dialogue.client()
    client.says(GET[:-2] + b"Via: 1.0 other, 1.1 edge-Gate%201\r\n\r\n")
    assert status(client.hears()) == 508
    client.says(GET[:-2] + b"Via: 1.1 edge-Gate-10\r\n\r\n")
    assert dialogue.connects() == ("10.0.0.1", 80)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40000,
    ],
)
def test_an_answer_that_is_not_valid_is_502(answer: bytes) -> None:
    _, client, upstream = start()
    upstream.says(answer)
    assert status(client.hears()) == 502
    assert upstream.transport.aborted
    assert not client.closed


def test_bytes_behind_an_answer_are_nobodys_and_end_the_connection() -> None:
    dialogue, client, upstream = start()
    upstream.says(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    assert body(client.hears()) == b"hello"
    assert upstream.closed
    client.says(GET)
    dialogue.connects()


def test_an_answer_nobody_asked_for_ends_the_idle_connection() -> None:
    dialogue, client, upstream = start()
    upstream.says(OK)
    upstream.says(OK)
    assert upstream.transport.aborted
    client.hears()
    client.says(GET)
    dialogue.connects()


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"DELETE"])
def test_a_reused_connection_that_the_pod_closed_does_not_fail_the_request(method: bytes) -> None:
    dialogue, client, upstream = start()
    upstream.says(OK)
    client.hears()
    upstream.hears()
    client.says(method + b" / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 3\r\n\r\nabc")
    assert upstream.hears() != b""
    upstream.ends()
    assert client.hears() == b""
    assert dialogue.connects() == ("10.0.0.1", 80)
    second = dialogue.accepts()
    assert second.hears().endswith(b"abc")
    second.says(OK)
    assert status(client.hears()) == 200


def test_one_closed_idle_connection_makes_its_neighbours_suspect() -> None:
    dialogue, client, first = start()
    other = dialogue.client()
    other.says(GET)
    second = dialogue.accepts()
    for upstream in (first, second):
        upstream.says(OK)
        upstream.hears()
    client.says(GET)
    assert second.hears()
    second.resets()
    dialogue.connects()
    assert first.hears() == b""


def test_a_request_that_cannot_be_sent_again_takes_no_connection_that_the_pod_has_closed() -> None:
    dialogue, client, upstream = start()
    upstream.says(OK)
    upstream.hears()
    ours, theirs = socket.socketpair()
    upstream.transport.socket = ours
    client.says(GET.replace(b"GET", b"POST"))
    assert upstream.hears()
    upstream.says(OK)
    theirs.close()
    client.says(GET.replace(b"GET", b"POST"))
    assert upstream.hears() == b""
    assert upstream.closed
    assert dialogue.connects() == ("10.0.0.1", 80)
    ours.close()


def test_a_post_that_was_sent_is_not_sent_twice() -> None:
    dialogue, client, upstream = start()
    upstream.says(OK)
    client.hears()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 3\r\n\r\nabc")
    upstream.resets()
    assert status(client.hears()) == 502
    assert dialogue.connecting == []


def test_nothing_is_sent_again_once_an_answer_has_begun() -> None:
    dialogue, client, upstream = start(GET, "10.0.0.1:80", "10.0.0.2:80")
    upstream.says(b"HTTP/1.1 20")
    upstream.resets()
    assert status(client.hears()) == 502
    assert dialogue.connecting == []


def test_a_new_connection_closed_without_a_word_counts_against_its_endpoint() -> None:
    dialogue, client, upstream = start(GET, "10.0.0.1:80", "10.0.0.2:80")
    upstream.resets()
    assert dialogue.connects() == ("10.0.0.2", 80)
    dialogue.accepts().resets()
    assert status(client.hears()) == 502


def test_a_body_too_large_to_keep_is_not_sent_twice() -> None:
    dialogue, client, upstream = start(
        b"PUT / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 100\r\n\r\n" + b"a" * 50, replay_limit=40
    )
    upstream.resets()
    assert status(client.hears()) == 502
    assert dialogue.connecting == []


def test_an_endpoint_that_refuses_again_and_again_is_passed_over_for_a_while() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80", "10.0.0.2:80"), ejection_failures=3, ejection_time=5)
    client = dialogue.client()
    refused = 0
    for _ in range(8):
        client.says(GET)
        if dialogue.connecting and dialogue.connects()[0] == "10.0.0.1":
            refused += 1
            dialogue.refuses()
        if dialogue.connecting:
            upstream = dialogue.accepts()
        upstream.says(OK)
        assert status(client.hears()) == 200
    assert refused == 3
    assert dialogue.path.pool.ejections == 1
    dialogue.wait(5.1)
    client.says(GET)
    if not dialogue.connecting:
        upstream.says(OK)
        client.says(GET)
    assert dialogue.connects() == ("10.0.0.1", 80)


def test_an_ejected_endpoint_is_asked_when_no_other_is_left() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), ejection_failures=1)
    client = dialogue.client()
    client.says(GET)
    dialogue.refuses()
    assert status(client.hears()) == 502
    client.says(GET)
    assert dialogue.connects() == ("10.0.0.1", 80)
    dialogue.accepts()
    assert not dialogue.path.pool.ejected


def test_a_redirect_and_a_fixed_answer_need_no_endpoint() -> None:
    rules = [
        {
            "conditions": [{"variable": "path", "operator": "equals", "values": ["/old"]}],
            "actions": [{"type": "redirect", "url": "https://${host}/new", "status": 301}],
        },
        {
            "actions": [
                {"type": "set-response-header", "name": "X-Rule", "value": "${request-id}"},
                {"type": "respond", "status": 418, "body": "no coffee", "content_type": "text/html"},
            ]
        },
    ]
    dialogue = Dialogue(serving(rules=rules))
    client = dialogue.client()
    client.says(GET.replace(b"/a", b"/old"))
    answer = client.hears()
    assert (status(answer), field(answer, b"location")) == (301, b"https://www.example.com/new")
    client.says(GET)
    answer = client.hears()
    assert (status(answer), body(answer), field(answer, b"content-type")) == (418, b"no coffee", b"text/html")
    assert field(answer, b"x-rule") == field(answer, b"x-request-id")
    client.says(GET.replace(b"GET", b"HEAD"))
    answer = client.hears()
    assert (field(answer, b"content-length"), body(answer)) == (b"9", b"")


def test_rules_rewrite_the_path_and_edit_the_headers_of_both_directions() -> None:
    rules = [
        {
            "actions": [
                {"type": "rewrite-path", "prefix": "/a", "with": "/b"},
                {"type": "set-request-header", "name": "X-Client", "value": "${client-address}"},
                {"type": "remove-request-header", "name": "Cookie"},
                {"type": "set-response-header", "name": "Server", "value": "edge"},
                {"type": "remove-response-header", "name": "X-Powered-By"},
                PROXY,
            ]
        }
    ]
    dialogue = Dialogue(serving("10.0.0.1:80", rules=rules))
    client = dialogue.client()
    client.says(GET[:-2] + b"Cookie: a=b\r\nX-Client: forged\r\n\r\n")
    upstream = dialogue.accepts()
    request = upstream.hears()
    assert request.startswith(b"GET /b?b=c HTTP/1.1\r\n")
    assert field(request, b"x-client") == b"192.0.2.7"
    assert field(request, b"cookie") is None
    upstream.says(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nX-Powered-By: x\r\nContent-Length: 0\r\n\r\n")
    answer = client.hears()
    assert field(answer, b"server") == b"edge"
    assert field(answer, b"x-powered-by") is None


def test_a_client_that_goes_takes_its_request_along() -> None:
    dialogue, client, upstream = start()
    client.resets()
    assert upstream.transport.aborted
    assert dialogue.path.counters.requests() == {"a1": {"u1": [0, 0, 0, 1, 0]}}


def test_a_connection_opened_for_a_client_that_has_gone_waits_for_the_next() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET)
    client.resets()
    upstream = dialogue.accepts()
    assert upstream.hears() == b""
    other = dialogue.client()
    other.says(GET)
    assert dialogue.connecting == []
    assert upstream.hears() != b""


def test_a_full_client_makes_the_endpoint_wait() -> None:
    dialogue, client, upstream = start(response_timeout=5, send_timeout=60)
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    client.stops_taking()
    assert upstream.transport.paused
    dialogue.wait(20)
    assert not client.closed
    client.takes_again()
    assert not upstream.transport.paused
    upstream.says(b"world")
    assert body(client.hears()) == b"helloworld"


def test_a_client_that_takes_nothing_for_too_long_is_cut() -> None:
    dialogue, client, upstream = start(send_timeout=5)
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    client.stops_taking()
    dialogue.wait(5.1)
    assert client.transport.aborted
    assert upstream.closed


def test_a_full_endpoint_makes_the_client_wait() -> None:
    _, client, upstream = start(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 10\r\n\r\nhello")
    upstream.stops_taking()
    assert client.transport.paused
    upstream.takes_again()
    assert not client.transport.paused
    client.says(b"world")
    assert upstream.hears().endswith(b"helloworld")


def test_a_body_is_not_read_without_bound_while_there_is_no_connection() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), buffer_limit=1000, replay_limit=1000)
    client = dialogue.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 3000\r\n\r\n" + b"a" * 900)
    assert not client.transport.paused
    client.says(b"a" * 900)
    assert client.transport.paused
    upstream = dialogue.accepts()
    assert not client.transport.paused
    client.says(b"a" * 1200)
    assert len(body(upstream.hears())) == 3000


def test_an_answer_while_the_endpoint_was_full_lets_the_client_be_read_again() -> None:
    dialogue, client, upstream = start(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\n\r\nhello")
    upstream.stops_taking()
    upstream.says(OK)
    assert status(client.hears()) == 200
    client.says(GET)
    assert dialogue.connecting == []


WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n"
)


def test_a_websocket_is_a_tunnel_after_the_endpoints_101() -> None:
    dialogue, client, upstream = start(WEBSOCKET)
    request = upstream.hears()
    assert (field(request, b"connection"), field(request, b"upgrade")) == (b"upgrade", b"websocket")
    assert field(request, b"sec-websocket-key") == b"x"
    upstream.says(SWITCHING + b"\x81\x02hi")
    answer = client.hears()
    assert status(answer) == 101
    assert field(answer, b"sec-websocket-accept") == b"y"
    assert body(answer) == b"\x81\x02hi"
    client.says(b"\x81\x00GET / HTTP/1.1\r\n\r\n")
    assert upstream.hears() == b"\x81\x00GET / HTTP/1.1\r\n\r\n"
    assert len(dialogue.path.tunnels) == 1
    client.ends()
    assert upstream.transport.eof_written
    upstream.says(b"bye")
    assert client.hears() == b"bye"
    upstream.ends()
    assert client.closed
    assert upstream.closed
    assert dialogue.path.tunnels == {}
    assert dialogue.path.connections == {}


def test_a_websocket_that_the_endpoint_refuses_is_an_ordinary_answer() -> None:
    _, client, upstream = start(WEBSOCKET)
    upstream.says(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    assert status(client.hears()) == 403
    upstream.hears()
    client.says(GET)
    assert upstream.hears().startswith(b"GET /a")


def test_a_tunnel_passes_back_pressure_on_and_ends_after_long_silence() -> None:
    dialogue, client, upstream = start(WEBSOCKET, tunnel_timeout=100)
    upstream.says(SWITCHING)
    client.stops_taking()
    assert upstream.transport.paused
    client.takes_again()
    assert not upstream.transport.paused
    dialogue.wait(99)
    upstream.says(b"x")
    dialogue.wait(99)
    assert not client.closed
    dialogue.wait(2)
    assert client.closed
    assert upstream.closed


def test_requests_are_counted_by_application_upstream_and_class() -> None:
    dialogue, client, upstream = start()
    upstream.says(OK)
    client.says(GET.replace(b"www", b"no"))
    client.says(b"bad\r\n\r\n")
    assert dialogue.path.counters.requests() == {"a1": {"u1": [0, 1, 0, 0, 0]}, "": {"": [0, 0, 0, 2, 0]}}
    assert sum(dialogue.path.counters.latency) == 3


def test_many_requests_on_a_connection_make_no_timer() -> None:
    dialogue, client, upstream = start()
    upstream.says(OK)
    made = dialogue.loop.timers_made
    for _ in range(100):
        client.says(GET)
        upstream.says(OK)
    assert dialogue.loop.timers_made == made


def test_an_exchange_keeps_the_snapshot_it_started_with() -> None:
    dialogue, client, upstream = start(GET, "10.0.0.1:80", "10.0.0.2:80")
    dialogue.path.snapshot = serving(rules=[])
    upstream.resets()
    assert dialogue.connects() == ("10.0.0.2", 80)
    dialogue.accepts().says(OK)
    assert status(client.hears()) == 200
    client.says(GET)
    assert status(client.hears()) == 404


def test_the_phase_chart_names_the_methods() -> None:
    chart = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text().split("```mermaid")[1].split("```")[0]
    nodes = set(
        re.findall(
            r"\b[a-z]+_[a-z_]+\b|\b(?:connect|connected|answer|respond|finish|log|abandon|refuse|tunnel)\b", chart
        )
    )
    assert len(nodes) >= 15
    assert [node for node in sorted(nodes) if not callable(getattr(exchanges.Exchange, node, None))] == []
