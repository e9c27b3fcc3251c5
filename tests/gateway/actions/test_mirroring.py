import pytest

from edge.gateway.actions.mirroring import IN_FLIGHT
from tests.gateway.actions.acting import dialogue, request
from tests.gateway.exchanging import OK, body, status

MIRROR = {"type": "mirror", "upstream": "u1"}


def both(talk):
    """The connections of the copy, which is sent first, and of the request."""
    return talk.accepts(), talk.accepts()


def test_a_copy_is_sent_and_its_answer_thrown_away():
    talk = dialogue(MIRROR, {"type": "set-request-header", "name": "X-A", "value": "1"})
    client = talk.client()
    client.says(request(path="/a?b"))
    copy, pod = both(talk)
    sent = pod.hears()
    assert copy.hears() == sent
    assert b"x-a: 1\r\n" in sent
    copy.says(b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\nmine")
    assert client.hears() == b""
    pod.says(OK)
    answer = client.hears()
    assert (status(answer), body(answer)) == (200, b"hello")


@pytest.mark.parametrize("framing", ["Content-Length: 6", "Transfer-Encoding: chunked"])
def test_a_body_is_copied_as_it_passes(framing):
    talk = dialogue(MIRROR)
    client = talk.client()
    client.says(f"POST / HTTP/1.1\r\nHost: www.example.com\r\n{framing}\r\n\r\n".encode())
    pod = talk.accepts()
    parts = [b"abc", b"def"] if framing.endswith("6") else [b"3\r\nabc\r\n", b"3\r\ndef\r\n0\r\n\r\n"]
    client.says(parts[0])
    assert talk.connecting == []
    client.says(parts[1])
    assert talk.accepts().hears() == pod.hears()


@pytest.mark.parametrize("framing", ["Content-Length: 200", "Transfer-Encoding: chunked"])
def test_a_large_body_is_not_copied(framing):
    talk = dialogue(MIRROR | {"max_body": 100})
    client = talk.client()
    client.says(f"POST / HTTP/1.1\r\nHost: www.example.com\r\n{framing}\r\n\r\n".encode())
    pod = talk.accepts()
    whole = b"x" * 200 if framing.endswith("200") else b"c8\r\n" + b"x" * 200 + b"\r\n0\r\n\r\n"
    client.says(whole)
    assert talk.connecting == []
    assert pod.hears().count(b"x" * 200) == 1
    pod.says(OK)
    assert status(client.hears()) == 200


def test_a_client_that_leaves_before_its_body_is_whole_leaves_no_copy():
    talk = dialogue(MIRROR)
    client = talk.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 6\r\n\r\nabc")
    talk.accepts()
    client.resets()
    assert talk.connecting == []


def test_a_copy_that_fails_in_any_way_fails_nothing():
    for fail in ("refused", "closed", "nonsense", "silent"):
        talk = dialogue(MIRROR, response_timeout=5.0)
        client = talk.client()
        client.says(request())
        if fail == "refused":
            talk.refuses()
            pod = talk.accepts()
        else:
            copy, pod = both(talk)
            if fail == "closed":
                copy.resets()
            elif fail == "nonsense":
                copy.says(b"SMTP\r\n\r\n")
        pod.says(OK)
        assert status(client.hears()) == 200, fail
        if fail == "silent":
            talk.wait(10)
            assert copy.closed


CLOSING = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def copies(talk, client):
    """How many copies one more request made; they are never answered, the request is."""
    client.says(request())
    *unanswered, own = talk.connecting
    talk.connecting[:] = [own]
    talk.accepts().says(CLOSING)
    assert status(client.hears()) == 200
    return len(unanswered)


def test_copies_that_are_not_answered_are_bounded():
    talk = dialogue(MIRROR)
    client = talk.client()
    assert [copies(talk, client) for _ in range(IN_FLIGHT + 2)] == [1] * IN_FLIGHT + [0, 0]


def test_a_share_of_the_requests_is_copied():
    talk = dialogue(MIRROR | {"share": 0.25})
    client = talk.client()
    assert 20 < sum(copies(talk, client) for _ in range(200)) < 80


def test_a_websocket_is_not_copied():
    talk = dialogue(MIRROR)
    client = talk.client()
    client.says(
        b"GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert len(talk.connecting) == 1
