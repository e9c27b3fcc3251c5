"""A client's connection: reading, waiting, refusing, ending."""

from __future__ import annotations

import gc

import pytest

from edge.gateway.http.protocol import ClientProtocol
from tests.gateway.dialogue import Dialogue
from tests.gateway.serving import serving

GET = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
FIXED = [{"actions": [{"type": "respond", "body": "x"}]}]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET /" + b"a" * 9000, 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 40000, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40000 + b"\r\n\r\n", 431),
    ],
)
def test_what_cannot_be_read_is_answered_and_the_connection_closed(data: bytes, status: int) -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(data)
    answer = client.hears()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nconnection: close\r\n" in answer
    assert b"\r\nx-request-id: " in answer
    assert client.transport.eof_written
    client.says(b"GET /more HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
    assert client.hears() == b""
    assert dialogue.connecting == []
    dialogue.wait(2.1)
    assert client.closed


def test_a_malformed_request_behind_a_good_one_is_refused_after_its_answer() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET + b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    upstream = dialogue.accepts()
    assert client.hears() == b""
    upstream.says(OK)
    assert [line for line in client.hears().split(b"\r\n") if line.startswith(b"HTTP/1.1")] == [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 400 Bad Request",
    ]


def test_a_malformed_chunk_is_400_and_the_request_is_never_finished_upstream() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    upstream = dialogue.accepts()
    client.says(b"0x0\r\n\r\n")
    assert client.hears().startswith(b"HTTP/1.1 400 ")
    assert upstream.transport.aborted
    assert not upstream.hears().endswith(b"0\r\n\r\n")


def test_a_new_connection_that_says_nothing_is_closed_without_a_word() -> None:
    dialogue = Dialogue(serving(), header_timeout=10)
    client = dialogue.client()
    dialogue.wait(9.9)
    assert not client.closed
    dialogue.wait(0.2)
    assert client.closed
    assert client.hears() == b""


def test_a_head_that_comes_too_slowly_is_408() -> None:
    dialogue = Dialogue(serving(rules=FIXED), header_timeout=10)
    client = dialogue.client()
    client.says(GET)
    client.hears()
    dialogue.wait(30)
    client.says(b"GET / HTTP/1.1\r\n")
    for _ in range(9):
        dialogue.wait(1)
        client.says(b"X: y\r\n")
    dialogue.wait(1.1)
    assert client.hears().startswith(b"HTTP/1.1 408 ")


def test_a_body_that_comes_too_slowly_is_408() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), body_timeout=10)
    client = dialogue.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\n\r\n")
    upstream = dialogue.accepts()
    dialogue.wait(9)
    client.says(b"a")
    dialogue.wait(9)
    assert client.hears() == b""
    dialogue.wait(1.1)
    assert client.hears().startswith(b"HTTP/1.1 408 ")
    assert upstream.closed


def test_an_idle_connection_is_closed_after_its_time() -> None:
    dialogue = Dialogue(serving(rules=FIXED), keep_alive_timeout=20, header_timeout=5)
    client = dialogue.client()
    client.says(GET)
    dialogue.wait(19.9)
    assert not client.closed
    dialogue.wait(0.2)
    assert client.closed


def test_a_connection_that_is_reset_leaves_no_timer_and_no_object() -> None:
    dialogue = Dialogue(serving(rules=FIXED), keep_alive_timeout=7200)

    def living() -> int:
        gc.collect()
        return sum(isinstance(each, ClientProtocol) for each in gc.get_objects())

    before = living()
    for _ in range(500):
        client = dialogue.client()
        client.says(GET)
        client.transport.protocol.connection_lost(ConnectionResetError())
        client.transport.protocol = None
        del client
    assert living() == before
    assert len(dialogue.path.wheel) == 0
    assert dialogue.path.connections == {}


def test_a_thousand_pipelined_requests_are_answered_without_recursion() -> None:
    dialogue = Dialogue(serving(rules=FIXED))
    client = dialogue.client()
    client.says(GET * 3000)
    assert client.hears().count(b"HTTP/1.1 200 OK\r\n") == 3000


def test_pipelining_beyond_the_buffer_is_not_read_until_there_is_room() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), buffer_limit=1000)
    client = dialogue.client()
    client.says(GET)
    upstream = dialogue.accepts()
    count = 0
    while not client.transport.paused:
        client.says(GET)
        count += 1
    assert 1000 <= count * len(GET) < 1100
    answered = 0
    while upstream.hears():
        upstream.says(OK)
        answered += 1
    assert answered == count + 1
    assert not client.transport.paused


def test_a_full_client_gets_no_further_pipelined_answer() -> None:
    dialogue = Dialogue(serving(rules=FIXED))
    client = dialogue.client()
    client.says(GET)
    client.stops_taking()
    client.hears()
    client.says(GET * 5)
    assert client.hears() == b""
    client.takes_again()
    assert client.hears().count(b"HTTP/1.1 200") == 5


def test_empty_lines_before_a_request_are_skipped() -> None:
    dialogue = Dialogue(serving(rules=FIXED))
    client = dialogue.client()
    client.says(b"\r\n\r\n" + GET + b"\r\n" + GET)
    assert client.hears().count(b"HTTP/1.1 200") == 2


def test_a_client_that_has_said_its_last_is_still_answered() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET + GET)
    client.ends()
    upstream = dialogue.accepts()
    upstream.says(OK)
    upstream.says(OK)
    assert client.hears().count(b"HTTP/1.1 200") == 2
    assert client.closed


def test_a_client_that_ends_within_its_body_is_gone() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\n\r\nab")
    upstream = dialogue.accepts()
    client.ends()
    assert client.closed
    assert upstream.transport.aborted


def test_connection_close_is_obeyed() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET[:-2] + b"Connection: close\r\n\r\n" + GET)
    dialogue.accepts().says(OK)
    answer = client.hears()
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"\r\nconnection: close\r\n" in answer
    assert client.closed


def test_the_rest_of_a_refused_body_is_read_away_up_to_a_limit() -> None:
    dialogue = Dialogue(serving(rules=FIXED), discard_limit=1000)
    client = dialogue.client()
    head = b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 2000\r\n\r\n"
    client.says(head + b"a" * 900)
    assert client.hears().startswith(b"HTTP/1.1 200")
    client.says(b"a" * 200)
    assert client.transport.eof_written
    client.says(b"a" * 900 + GET)
    assert client.hears() == b""
    dialogue.wait(2.1)
    assert client.closed


def test_a_draining_worker_says_close_and_gives_idle_connections_a_last_request() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), drain_timeout=30)
    silent, asking, working = dialogue.client(), dialogue.client(), dialogue.client()
    working.says(GET)
    upstream = dialogue.accepts()
    for client in (silent, asking):
        client.says(GET.replace(b"www", b"unknown"))
        client.hears()
    path = dialogue.path
    path.draining = True
    path.pool.drain()
    for client in list(path.connections):
        client.drain()
    asking.says(GET.replace(b"www", b"unknown"))
    assert b"\r\nconnection: close\r\n" in asking.hears()
    assert asking.closed
    assert not silent.closed
    dialogue.wait(1.1)
    assert silent.closed
    upstream.says(OK)
    assert b"\r\nconnection: close\r\n" in working.hears()
    assert working.closed
    assert upstream.closed
    assert path.connections == {}
