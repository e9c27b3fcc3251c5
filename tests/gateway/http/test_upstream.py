"""The states of a connection to an endpoint."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from edge.gateway.http.upstream import CLOSED, CONNECTING, IDLE, RECEIVING, TRANSITIONS, WAITING, UpstreamConnection
from tests.gateway.dialogue import Dialogue
from tests.gateway.serving import serving

GET = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_every_state_can_be_lost_and_leads_somewhere_known() -> None:
    assert set(TRANSITIONS) == {CONNECTING, IDLE, WAITING, RECEIVING, CLOSED}
    for happenings in TRANSITIONS.values():
        assert happenings["lost"] == CLOSED
        assert set(happenings.values()) <= set(TRANSITIONS)
    assert set(TRANSITIONS[CLOSED]) == {"lost"}


def test_a_connection_walks_through_its_states() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET)
    connection = dialogue.connecting[0]
    seen = [connection.state]
    upstream = dialogue.accepts()
    seen.append(connection.state)
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    seen.append(connection.state)
    upstream.says(b"b")
    seen.append(connection.state)
    assert seen == [CONNECTING, WAITING, RECEIVING, IDLE]
    assert connection.reused
    upstream.resets()
    assert connection.state == CLOSED
    assert dialogue.path.pool.counts() == {"idle": 0, "busy": 0, "connecting": 0}
    assert len(dialogue.path.wheel) == 1  # the client's


def test_a_connection_that_is_made_after_its_time_was_over_harms_nothing() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET)
    connection = dialogue.connecting[0]
    upstream = dialogue.accepts()
    connection.connect_failed(True)
    upstream.says(OK)
    assert client.hears().startswith(b"HTTP/1.1 200")


def test_the_socket_itself_says_whether_the_endpoint_has_closed() -> None:
    ours, theirs = socket.socketpair()

    class Transport:
        def get_extra_info(self, name: str) -> Any:
            return ours if name == "socket" else None

    connection = UpstreamConnection(Dialogue(serving()).path, None)
    connection.transport = Transport()
    assert not connection.is_stale()
    theirs.close()
    assert connection.is_stale()
    ours.close()


@pytest.mark.parametrize(("announced", "whole"), [(True, True), (False, False)])
def test_a_body_without_a_length_is_whole_only_if_its_end_was_announced(announced: bool, whole: bool) -> None:
    """RFC 9112 9.8: over TLS uvloop tells of no end of file where the endpoint sent no close_notify."""
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET)
    upstream = dialogue.accepts()
    upstream.says(b"HTTP/1.1 200 OK\r\n\r\nhello")
    if announced:
        upstream.ends()
    else:
        upstream.transport.lose()
    assert client.hears().endswith(b"\r\n0\r\n\r\n" if whole else b"hello\r\n")
    assert client.transport.aborted is not whole
    assert dialogue.path.pool.counts() == {"idle": 0, "busy": 0, "connecting": 0}


def test_nothing_is_written_to_a_connection_that_has_failed() -> None:
    """The event loop would log a warning for each write until it tells of the failure."""
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 3\r\n\r\na")
    upstream = dialogue.accepts()
    written: list[bytes] = []
    upstream.transport.write = written.append  # type: ignore[method-assign,assignment]
    client.says(b"b")
    upstream.transport.closed = True
    client.says(b"c")
    assert written == [b"b"]


def test_idle_connections_run_out() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), upstream_idle_timeout=5, keep_alive_timeout=100)
    client = dialogue.client()
    client.says(GET)
    upstream = dialogue.accepts()
    upstream.says(OK)
    dialogue.wait(4.9)
    assert not upstream.closed
    dialogue.wait(0.2)
    assert upstream.closed
    client.says(GET)
    assert dialogue.connects() == ("10.0.0.1", 80)


def test_interim_answers_without_end_are_502_and_no_memory() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), head_limit=1000)
    client = dialogue.client()
    client.says(GET)
    upstream = dialogue.accepts()
    client.stops_taking()
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    said = 0
    while not upstream.closed and said < 100_000:
        upstream.says(hint)
        said += len(hint)
    heard = client.hears()
    assert said <= 1000 + len(hint)
    assert heard.partition(b"HTTP/1.1 502 ")[1]
    assert heard.count(b"HTTP/1.1 103 ") == 1000 // len(hint)


def test_interim_answers_of_one_request_are_not_counted_for_the_next() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), head_limit=300)
    client = dialogue.client()
    client.says(GET)
    upstream = dialogue.accepts()
    for _ in range(10):
        upstream.says(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" * 3 + OK)
        assert client.hears().partition(b"HTTP/1.1 200 ")[1]
        client.says(GET)
