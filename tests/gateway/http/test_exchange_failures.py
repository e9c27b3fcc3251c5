"""What a client hears when something fails, and what is tried again first."""

from __future__ import annotations

import re
import socket

import pytest

from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.exchanging import GET, OK, body, field, start, status
from tests.gateway.serving import serving


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


def ask_all(dialogue: Dialogue, count: int) -> dict[str, list[tuple[Side, Side]]]:
    """One request each from `count` clients over new connections: (client, endpoint's side) by address."""
    asked: dict[str, list[tuple[Side, Side]]] = {}
    for _ in range(count):
        client = dialogue.client()
        client.says(GET)
        host = dialogue.connects()[0]
        asked.setdefault(host, []).append((client, dialogue.accepts()))
    return asked


def test_an_endpoint_that_takes_requests_and_never_answers_is_passed_over_for_a_while() -> None:
    """Its kernel still takes connections: that it can be connected to says nothing."""
    dialogue = Dialogue(serving("10.0.0.1:80", "10.0.0.2:80"), ejection_failures=3, response_timeout=5)
    asked = ask_all(dialogue, 6)
    for _, upstream in asked["10.0.0.2"]:
        upstream.says(OK)
    dialogue.wait(5.1)
    assert [status(client.hears()) for client, _ in asked["10.0.0.1"]] == [504] * 3
    assert dialogue.path.pool.ejections == 1
    client = dialogue.client()
    for _ in range(4):
        client.says(GET)
        assert not dialogue.connecting
        asked["10.0.0.2"][-1][1].says(OK)
        assert status(client.hears()) == 200


def test_only_one_request_tries_whether_an_endpoint_that_was_passed_over_answers_again() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80", "10.0.0.2:80"), ejection_failures=1, ejection_time=5)
    dialogue.client().says(GET)
    ejected = dialogue.connects()
    dialogue.refuses()
    dialogue.wait(5.1)
    for _ in range(8):
        dialogue.client().says(GET)
    asked = [connection.origin.address for connection in dialogue.connecting]
    assert asked.count(ejected) == 1
    sides = [dialogue.accepts() for _ in asked]
    assert list(dialogue.path.pool.ejected) == [ejected]
    sides[asked.index(ejected)].says(OK)
    assert not dialogue.path.pool.ejected


def test_one_answer_makes_up_for_those_that_took_too_long() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), ejection_failures=3, response_timeout=5)
    for _ in range(3):
        asked = ask_all(dialogue, 3)["10.0.0.1"]
        asked[0][1].says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na")
        dialogue.wait(5.1)
        assert [status(client.hears()) for client, _ in asked] == [200, 504, 504]
    assert dialogue.path.pool.ejections == 0


def test_an_endpoint_that_stops_in_the_middle_of_an_answer_has_answered() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), ejection_failures=1, response_timeout=5)
    ((_, upstream),) = ask_all(dialogue, 1)["10.0.0.1"]
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")
    dialogue.wait(5.1)
    assert dialogue.path.pool.ejections == 0


def test_an_ejected_endpoint_is_asked_when_no_other_is_left() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), ejection_failures=1)
    client = dialogue.client()
    client.says(GET)
    dialogue.refuses()
    assert status(client.hears()) == 502
    client.says(GET)
    assert dialogue.connects() == ("10.0.0.1", 80)
    dialogue.accepts().says(OK)
    assert not dialogue.path.pool.ejected
