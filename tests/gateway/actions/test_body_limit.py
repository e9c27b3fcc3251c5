import pytest

from tests.gateway.actions.acting import ask, dialogue, request
from tests.gateway.exchanging import OK, body, field, status

FOUR = {"type": "limit-body", "size": 4}
CHUNKED = request("POST", Transfer_Encoding="chunked")


def test_a_body_that_is_said_to_be_too_long_reaches_no_endpoint_and_is_not_asked_for():
    talk = dialogue(FOUR)
    client = talk.client()
    client.says(request("POST", body=b"", Content_Length="5", Expect="100-continue"))
    answer = client.hears()
    assert status(answer) == 413
    assert b"the request's body is longer than 4 bytes" in body(answer)
    assert field(answer, b"connection") == b"close"
    assert client.transport.eof_written, "the rest is read away for a moment, so that the answer arrives"
    assert not talk.connecting
    assert talk.path.counters.limited == {"a1": {"body": 1}}


@pytest.mark.parametrize("data", [request("POST", body=b"four"), request(), CHUNKED + b"4\r\nfour\r\n0\r\n\r\n"])
def test_what_is_within_the_limit_passes_as_it_is(data):
    sent, answer = ask(dialogue(FOUR), data, OK)
    assert status(answer) == 200
    assert body(sent) == body(data)


def test_a_streamed_body_is_refused_as_soon_as_it_is_too_long():
    talk = dialogue(FOUR)
    client = talk.client()
    client.says(CHUNKED + b"3\r\none\r\n")
    pod = talk.accepts()
    assert body(pod.hears()) == b"3\r\none\r\n"
    client.says(b"2\r\ntw\r\n")
    assert pod.hears() == b""
    assert pod.transport.aborted
    answer = client.hears()
    assert (status(answer), field(answer, b"connection")) == (413, b"close")
    client.says(b"3\r\nmor\r\n")
    talk.wait(3)
    assert client.closed


def test_an_answer_that_has_begun_is_cut_with_the_request():
    talk = dialogue(FOUR)
    client = talk.client()
    client.says(CHUNKED + b"3\r\none\r\n")
    pod = talk.accepts()
    pod.says(OK[:-1])
    client.says(b"2\r\ntw\r\n")
    assert pod.transport.aborted
    assert client.transport.aborted
    assert body(client.hears()) == b"hell"


def test_a_body_that_grew_too_long_while_another_gate_held_the_request_is_refused():
    delay = {"type": "limit-rate", "rate": 1, "burst": 2, "delay": True}
    talk = dialogue(delay, FOUR)
    ask(talk, request(), OK)
    client = talk.client()
    client.says(CHUNKED + b"5\r\nfive!\r\n0\r\n\r\n")
    assert client.hears() == b""
    talk.wait(1)
    assert status(client.hears()) == 413
    assert talk.path.pool.counts()["busy"] == 0


@pytest.mark.parametrize("settings", [{}, {"body_limit": 100}, {"body_limit": 4}])
def test_the_smallest_of_several_limits_counts(settings):
    large = {"type": "limit-body", "size": 50}
    talk = dialogue(large, FOUR if settings != {"body_limit": 4} else large, large, **settings)
    client = talk.client()
    client.says(request("POST", body=b"five!"))
    assert b"longer than 4 bytes" in client.hears()


def test_a_limit_of_nothing_lets_no_body_in():
    talk = dialogue({"type": "limit-body", "size": 0})
    assert status(ask(talk, request(), OK)[1]) == 200
    client = talk.client()
    client.says(request("POST", body=b"x"))
    assert status(client.hears()) == 413


def test_there_can_be_a_page_for_it():
    page = {"type": "error-page", "statuses": [413], "body": "<p>too much"}
    client = (talk := dialogue(page, FOUR)).client()
    client.says(request("POST", body=b"five!"))
    answer = client.hears()
    assert (status(answer), body(answer), field(answer, b"connection")) == (413, b"<p>too much", b"close")
    assert not talk.connecting


def test_each_request_of_a_connection_is_counted_for_itself():
    client = (talk := dialogue(FOUR)).client()
    client.says(CHUNKED + b"4\r\nfour\r\n0\r\n\r\n")
    pod = talk.accepts()
    for _ in range(2):
        pod.says(OK)
        assert status(client.hears()) == 200
        client.says(CHUNKED + b"4\r\nfour\r\n0\r\n\r\n")
