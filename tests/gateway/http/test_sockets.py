"""Answers that wait in a socket when writing to it fails."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest

from edge.gateway.http.sockets import LIMIT, has_spoken, read_unread, reset_at_close
from tests.gateway.dialogue import Dialogue, FakeTransport, Side
from tests.gateway.exchanging import body, start, status

POST = b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 10\r\n\r\nhello"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"


@contextlib.contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def over(sock: socket.socket | None) -> FakeTransport:
    transport = FakeTransport(Dialogue.__new__(Dialogue), None, ("10.0.0.1", 80))  # type: ignore[arg-type]
    transport.socket = sock
    return transport


def reset(upstream: Side, said: bytes) -> None:
    """The endpoint says this and resets, both before the loop reads."""
    with pair() as (ours, theirs):
        theirs.send(said)
        upstream.transport.socket = ours
        upstream.resets()


@pytest.mark.parametrize("ended", [True, False])
def test_an_answer_that_came_before_the_reset_is_given_to_the_client(ended: bool) -> None:
    dialogue, client, upstream = start(POST)
    if ended:
        client.says(b"world")
    reset(upstream, TOO_LARGE)
    answer = client.hears()
    assert (status(answer), body(answer)) == (413, b"big")
    assert dialogue.path.pool.counts() == {"idle": 0, "busy": 0, "connecting": 0}
    assert not client.closed


def test_the_rest_of_an_answer_is_given_too() -> None:
    _, client, upstream = start(POST)
    upstream.says(TOO_LARGE[:-2])
    reset(upstream, TOO_LARGE[-2:])
    assert body(client.hears()) == b"big"


def test_half_an_answer_cuts_the_client() -> None:
    _, client, upstream = start(POST)
    reset(upstream, TOO_LARGE[:-1])
    assert status(client.hears()) == 413
    assert client.transport.aborted


def test_a_reset_without_a_word_is_502() -> None:
    _, client, upstream = start(POST)
    reset(upstream, b"")
    assert status(client.hears()) == 502


def test_no_more_is_read_than_the_limit_and_nothing_without_a_socket() -> None:
    assert read_unread(over(None)) == b""
    assert not has_spoken(over(None))
    with pair() as (ours, theirs):
        theirs.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                theirs.send(bytes(4096))
        assert len(read_unread(over(ours))) <= LIMIT
        ours.close()
        assert read_unread(over(ours)) == b""


def test_what_was_read_is_spoken_no_more() -> None:
    with pair() as (ours, theirs):
        assert not has_spoken(over(ours))
        os.write(theirs.fileno(), b"x")
        assert has_spoken(over(ours))
        assert read_unread(over(ours)) == b"x"
        assert not has_spoken(over(ours))


@contextlib.contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    with ours, theirs:
        yield ours, theirs


def test_an_end_can_be_made_a_reset() -> None:
    with connected() as (ours, theirs):
        reset_at_close(over(None))
        reset_at_close(over(ours))
        ours.close()
        with pytest.raises(ConnectionResetError):
            theirs.recv(1)
        reset_at_close(over(ours))


@pytest.mark.parametrize(("version", "reset"), [(b"1.0", True), (b"1.1", False)])
def test_an_answer_that_only_the_connection_would_end_is_cut_by_a_reset(version: bytes, reset: bool) -> None:
    """An end in good order would be the end of the body (RFC 9112 6.3)."""
    _, client, upstream = start(b"GET / HTTP/%b\r\nHost: www.example.com\r\n\r\n" % version)
    upstream.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    with connected() as (ours, theirs):
        client.transport.socket = ours
        upstream.resets()
        assert client.transport.aborted
        ours.close()
        if reset:
            with pytest.raises(ConnectionResetError):
                theirs.recv(1)
        else:
            assert theirs.recv(1) == b""


def test_what_waits_for_a_client_who_takes_nothing_ends_with_a_reset() -> None:
    dialogue, client, upstream = start(b"GET / HTTP/1.0\r\nHost: www.example.com\r\n\r\n", send_timeout=5)
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhello")
    client.stops_taking()
    with connected() as (ours, theirs):
        client.transport.socket = ours
        dialogue.wait(5.1)
        ours.close()
        with pytest.raises(ConnectionResetError):
            theirs.recv(1)
