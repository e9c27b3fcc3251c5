"""Any bytes in any pieces: never an exception, always the same answers, and nothing else for the endpoint."""

# ruff: noqa: E501 (a table of pieces)

from __future__ import annotations

import re

import httptools
from hypothesis import example, given
from hypothesis import strategies as st

from edge.gateway.snapshot import Snapshot
from tests.gateway.corpus.case import cases
from tests.gateway.corpus.playing import FIXED, dechunk
from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.serving import serving

PIECES = [
    b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", b"POST /a?b HTTP/1.1\r\nHost: www.example.com\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: www.example.com\r\n\r\n", b"BREW / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/2.0\r\n\r\n",
    b"GET /", b"a" * 70, b" HTTP/1.1\r\n", b"Host: www.example.com\r\n", b"Host: other\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity\r\n", b"Content-Length: 5\r\n", b"Content-Length: +5\r\n", b"Content-Length: 0\r\n",
    b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"X: y\r\n", b"X: " + b"y" * 90 + b"\r\n", b" folded\r\n", b"X : y\r\n",
    b"\r\n", b"\r\n", b"\r\n\r\n", b"\r", b"\n", b"\x00", b"\x7f", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"5;a=b\r\n", b"0x5\r\n",
    b"5;\r\n", b"T: x\r\n", b"ffffffffffffffff\r\n", b"\x16\x03\x01", b"\xe4",
]  # fmt: skip
STREAMS = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=9).map(b"".join)
CUTS = st.lists(st.integers(1, 60), max_size=12)
SMALL = {"head_limit": 300, "target_limit": 100, "field_limit": 6}
ANSWERED, PROXIED = serving(rules=FIXED), serving("10.0.0.1:80")


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    pieces = []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    return [piece for piece in (*pieces, data) if piece]


def play(snapshot: Snapshot, pieces: list[bytes]) -> tuple[bytes, str, list[bytes]]:
    """(what the client hears, how its connection ends, what endpoints that never answer hear)."""
    dialogue = Dialogue(snapshot, **SMALL)
    client = dialogue.client()
    upstreams: list[Side] = []
    for piece in pieces:
        if client.closed:
            break
        client.says(piece)
        while dialogue.connecting:
            upstreams.append(dialogue.accepts())
    transport = client.transport
    end = "closing" if transport.eof_written or (transport.closed and not transport.aborted) else "open"
    heard = re.sub(rb"[0-9a-f]{32}", b"ID", re.sub(rb"date: [^\r]*\r\n", b"", client.hears()))
    return heard, "cut" if transport.aborted else end, [anonymous(side.hears()) for side in upstreams]


def anonymous(data: bytes) -> bytes:
    return dechunk(re.sub(rb"x-request-id: [0-9a-f]{32}", b"x-request-id: ID", data))


@given(STREAMS, CUTS)
@example(b"BREW / HTTP/1.1\r\nX: \x00\r\n\r\n", [20])
@example(b"GET /" + b"a" * 200 + b"\x00", [190])
@example(b"GET / HTTP/1.1\r\nX: " + b"a" * 300 + b"\x00", [310])
@example(b"\r\n\r\n" + PIECES[0], [1, 1, 1])
def test_whatever_comes_is_answered_the_same_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    whole = play(ANSWERED, [data] if data else [])
    assert play(ANSWERED, pieces_of(data, cuts)) == whole
    heard, end, _ = whole
    statuses = [int(status) for status in re.findall(rb"^HTTP/1\.1 ([0-9]{3}) ", heard, re.MULTILINE)]
    assert all(status in (200, 404) for status in statuses[:-1])
    assert all(200 <= status < 600 and status not in (500, 502, 503) for status in statuses)
    if statuses and statuses[-1] not in (200, 404):
        assert end in ("closing", "cut")


@given(STREAMS, CUTS)
def test_an_endpoint_hears_the_same_however_the_client_was_cut(data: bytes, cuts: list[int]) -> None:
    whole = play(PROXIED, [data] if data else [])
    cut = play(PROXIED, pieces_of(data, cuts))
    assert cut[:2] == whole[:2]
    if whole[1] == "open":  # where it is refused, the endpoint is cut off after more or less of the body
        assert cut[2] == whole[2]


class Heard:
    """httptools' reading of what an endpoint was sent."""

    def __init__(self, data: bytes) -> None:
        self.heads = self.messages = 0
        self.body = b""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)

    def on_headers_complete(self) -> None:
        self.heads += 1

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.messages += 1


def sent_to(data: bytes) -> bytes:
    """What the gateway sends to an endpoint of one client's bytes."""
    dialogue = Dialogue(PROXIED)
    dialogue.client().says(data)
    return dialogue.accepts().hears() if dialogue.connecting else b""


@given(STREAMS)
def test_a_second_parser_reads_one_message_in_what_an_endpoint_is_sent(data: bytes) -> None:
    sent = sent_to(data)
    if sent:
        heard = Heard(sent)
        assert heard.heads == 1
        assert heard.messages <= 1


def test_a_second_parser_reads_one_message_in_what_every_case_of_the_corpus_sends() -> None:
    for case in cases():
        if case.rules == "proxy" and case.asked and (sent := sent_to(case.asked)):
            assert Heard(sent).heads == 1, case.name
            assert Heard(sent).messages <= 1, case.name


NAMES = st.text("abcdefgxyz-", min_size=1, max_size=8).map(lambda text: f"q{text}".encode())
VALUES = st.binary(max_size=12).map(
    lambda data: bytes(c for c in data if c == 9 or (c >= 32 and c != 127)).strip(b" \t")
)


@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
    st.lists(st.binary(min_size=1, max_size=30), max_size=5),
    st.booleans(),
    CUTS,
)
def test_a_request_and_its_answer_arrive_as_they_were_sent(
    fields: list[tuple[bytes, bytes]], body: list[bytes], chunked: bool, cuts: list[int]
) -> None:
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    payload = b"".join(body)
    if chunked:
        message = (
            b"transfer-encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in body) + b"0\r\n\r\n"
        )
    else:
        message = b"content-length: %d\r\n\r\n" % len(payload) + payload
    dialogue = Dialogue(PROXIED)
    client = dialogue.client()
    for piece in pieces_of(b"POST /x HTTP/1.1\r\nHost: www.example.com\r\n" + lines + message, cuts):
        client.says(piece)
    upstream = dialogue.accepts()
    head, _, sent = dechunk(upstream.hears()).partition(b"\r\n\r\n")
    assert sent == payload + (b"<end>" if chunked else b"")
    assert [line for line in head.split(b"\r\n") if line[:1] == b"q"] == lines.split(b"\r\n")[:-1]
    for piece in pieces_of(b"HTTP/1.1 200 OK\r\n" + lines + message, cuts):
        upstream.says(piece)
    head, _, answered = dechunk(client.hears()).partition(b"\r\n\r\n")
    assert answered == payload + (b"<end>" if chunked else b"")
    assert [line for line in head.split(b"\r\n") if line[:1] == b"q"] == lines.split(b"\r\n")[:-1]
    assert not client.closed
    assert not upstream.closed


@given(st.binary(max_size=80), CUTS)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", [])
def test_whatever_an_endpoint_says_the_client_gets_a_whole_answer_or_is_cut(data: bytes, cuts: list[int]) -> None:
    dialogue = Dialogue(PROXIED, attempts=1)
    client = dialogue.client()
    client.says(PIECES[0])
    upstream = dialogue.accepts()
    for piece in pieces_of(data, cuts):
        if upstream.closed:
            break
        upstream.says(piece)
    if not upstream.closed:
        upstream.ends()
    heard = client.hears()
    assert heard.startswith(b"HTTP/1.1 ") or dialogue.connecting or client.closed
