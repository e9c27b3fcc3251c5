"""A memo makes heads cheaper, never different."""

from __future__ import annotations

import pytest

from edge.gateway.http.head import MalformedError, read_request, read_response
from edge.gateway.http.headers import peer, request_head, response_head
from edge.gateway.http.memo import LONGEST, Memo
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import GET, OK, field
from tests.gateway.serving import PROXY, serving

FIELDS = (
    b"Host: a.example\r\nAccept: */*\r\nX-Forwarded-For: 203.0.113.9\r\nVia: 1.1 front\r\nContent-Length: 0\r\n\r\n"
)
PEER = peer(("192.0.2.7", 5), "http", ())
ANSWER = b"HTTP/1.1 %b\r\nServer: s\r\nContent-Length: 3\r\nX-A: b\r\n\r\n"

HEADS = [
    b"GET /a HTTP/1.1\r\n" + FIELDS,
    b"GET /a HTTP/1.1\r\n" + FIELDS,
    b"HEAD /other?q HTTP/1.1\r\n" + FIELDS,
    b"GET http://b.example:81/x HTTP/1.1\r\n" + FIELDS,
    b"GET /a HTTP/1.0\r\n" + FIELDS,
    b"GET /a HTTP/1.1\r\n" + FIELDS.replace(b"*/*", b"text"),
    b"GET /a HTTP/1.1\r\n" + FIELDS,
]
EDITS = [(), ((b"x-new", b"1"),), ((b"host", b"inner"), (b"accept", None)), ((b"x-request-id", b"mine"),)]


def written(head: bytes, edits: tuple[tuple[bytes, bytes | None], ...], memo: Memo | None) -> bytes:
    request = read_request(head, memo=memo)
    return request_head(request, PEER, request.target, edits, b"id", b"edge")


def test_what_endpoints_are_sent_is_the_same_with_a_memo_and_without() -> None:
    memo = Memo()
    for edits in (*EDITS, *EDITS):
        for head in HEADS:
            assert written(head, edits, memo) == written(head, edits, None)


def test_what_clients_are_sent_is_the_same_with_a_memo_and_without() -> None:
    memo = Memo()
    request = read_request(HEADS[0])
    for edits in (*EDITS, *EDITS):
        for status in (b"200 OK", b"200 OK", b"304 Not Modified", b"404 Nothing"):
            with_memo, without = (read_response(ANSWER % status, b"GET", memo=m) for m in (memo, None))
            assert (with_memo.status, with_memo.length) == (without.status, without.length)
            heads = {
                response_head(r, request, edits, b"id", lambda: b"date: now\r\n", True) for r in (with_memo, without)
            }
            assert len(heads) == 1


def test_a_start_line_is_checked_however_well_its_fields_are_known() -> None:
    memo = Memo()
    read_request(HEADS[0], memo=memo)
    for line in (b"GET /a b HTTP/1.1\r\n", b"GET /\x01 HTTP/1.1\r\n", b"G(T / HTTP/1.1\r\n", b"GET / HTTP/1.1\n\r\n"):
        with pytest.raises(MalformedError):
            read_request(line + FIELDS, memo=memo)
    answers = Memo()
    read_response(ANSWER % b"200 OK", b"GET", memo=answers)
    for reason in (b"200 O\nK", b"200 O\0K"):
        with pytest.raises(MalformedError):
            read_response(ANSWER % reason, b"GET", memo=answers)


def test_long_blocks_are_not_kept() -> None:
    memo = Memo()
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: %b\r\n\r\n" % (b"x" * LONGEST)
    assert read_request(head, memo=memo).fields[1][1] == b"x" * LONGEST
    assert memo.block == b""


def test_rules_of_one_path_do_not_mark_the_answers_of_another() -> None:
    marked = {
        "conditions": [{"variable": "path", "operator": "equals", "values": ["/b"]}],
        "actions": [
            {"type": "set-response-header", "name": "X-Path", "value": "b"},
            {"type": "set-request-header", "name": "X-Path", "value": "b"},
            PROXY,
        ],
    }
    dialogue = Dialogue(serving("10.0.0.1:80", rules=[marked, {"actions": [PROXY]}]))
    client = dialogue.client()
    client.says(GET)
    endpoint = dialogue.accepts()
    for path, mark in ((b"/a", None), (b"/b", b"b"), (b"/a", None), (b"/b", b"b")):
        if endpoint.transport.written == b"":
            client.says(GET.replace(b"/a", path))
        assert (b"x-path: b" in endpoint.hears()) is (mark is not None)
        endpoint.says(OK)
        assert (b"x-path: b" in client.hears()) is (mark is not None)


def test_a_filter_that_changes_an_answer_changes_only_that_one() -> None:
    rules = [{"actions": [{"type": "cors", "origins": ["https://a.example"]}, PROXY]}]
    dialogue = Dialogue(serving("10.0.0.1:80", rules=rules))
    client, other = dialogue.client(), dialogue.client()
    client.says(GET[:-2] + b"Origin: https://a.example\r\n\r\n")
    endpoint = dialogue.accepts()
    endpoint.says(OK)
    assert field(client.hears(), b"access-control-allow-origin") == b"https://a.example"
    other.says(GET)
    endpoint.says(OK)
    assert b"access-control-allow-origin" not in other.hears()
