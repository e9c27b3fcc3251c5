import pytest

from edge.gateway.actions.forward_auth import LARGEST, PATIENCE
from tests.gateway.actions.acting import dialogue, request
from tests.gateway.exchanging import OK, body, status

ASK = {"type": "forward-auth", "upstream": "u1", "path": "/verify?a=b", "response_headers": ["X-User", "X-Roles"]}
PASS = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n"


def asked(talk, client, data):
    """The gate's question about a request, and the side that answers it."""
    client.says(data)
    side = talk.accepts()
    return side, side.hears()


def judged(answer, data=None, action=ASK, **headers):
    """What the client gets, and what the endpoint is sent, when the question is answered so."""
    talk = dialogue(action)
    client = talk.client()
    side, _ = asked(talk, client, data or request(**headers))
    side.says(answer)
    sent = b""
    if talk.connecting:
        pod = talk.accepts()
        sent = pod.hears()
        pod.says(OK)
    return client.hears(), sent


def test_the_question_says_what_was_asked_for_and_holds_the_named_headers_only():
    talk = dialogue(ASK)
    data = request(
        "POST", "/a/b?c=d", b"body", authorization="Bearer x", cookie="a=1", x_other="no", x_forwarded_uri="/spoofed"
    )
    _, sent = asked(talk, talk.client(), data)
    lines = sent.split(b"\r\n")
    assert lines[0] == b"GET /verify?a=b HTTP/1.1"
    for line in (
        b"host: www.example.com",
        b"authorization: Bearer x",
        b"cookie: a=1",
        b"x-forwarded-method: POST",
        b"x-forwarded-uri: /a/b?c=d",
        b"x-forwarded-host: www.example.com",
        b"x-forwarded-proto: http",
        b"x-forwarded-for: 192.0.2.7",
    ):
        assert lines.count(line) == 1, line
    assert b"other" not in sent
    assert b"spoofed" not in sent
    assert b"content-length" not in sent
    assert b"transfer-encoding" not in sent
    assert sent.endswith(b"\r\n\r\n")
    assert b"\r\nx-request-id: " in sent
    assert b"\r\nvia: " in sent


def test_other_headers_can_be_named_and_those_of_the_connection_never_go():
    data = request(cookie="a=1", x_token="t", accept="text/html", connection="x-token", authorization="x")
    talk = dialogue(ASK | {"request_headers": ["X-Token", "Accept"]})
    _, sent = asked(talk, talk.client(), data)
    assert b"accept: text/html\r\n" in sent
    assert all(name not in sent for name in (b"cookie", b"authorization", b"x-token", b"connection"))


def test_2xx_lets_it_pass_and_the_endpoint_is_told_what_the_answer_says_and_nothing_that_the_client_wrote_there():
    spoofed = (
        b"GET / HTTP/1.1\r\nHost: www.example.com\r\nX-User: root\r\nx_user: root\r\nX-Roles: root\r\n"
        b"X_Roles: root\r\nConnection: x-user, x-roles\r\n\r\n"
    )
    head = b"X-User: alice\r\nX-Roles: a\r\nX-Roles: b\r\nX-Secret: s\r\nSet-Cookie: no\r\n\r\n"
    answer, sent = judged(PASS + head, spoofed)
    assert status(answer) == 200
    assert b"x-user: alice\r\n" in sent
    assert b"x-roles: a, b\r\n" in sent
    assert all(word not in sent for word in (b"root", b"x-secret", b"set-cookie"))
    answer, sent = judged(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", spoofed)
    assert (status(answer), b"root" in sent, b"user" in sent.lower()) == (200, False, False)


def test_what_the_answer_says_about_its_connection_is_told_to_nobody():
    answer, sent = judged(PASS.replace(b"close", b"close, x-user") + b"X-User: alice\r\n\r\n")
    assert (status(answer), b"x-user" in sent) == (200, False)
    refusal = b"HTTP/1.1 403 No\r\nConnection: close, x-a\r\nX-A: 1\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\n"
    answer, _ = judged(refusal + b"X-B: 2\r\n\r\n2\r\nno\r\n0\r\n\r\n")
    head = answer.lower().partition(b"\r\n\r\n")[0]
    assert (status(answer), body(answer), b"x-b: 2" in head) == (403, b"no", True)
    assert all(word not in head for word in (b"x-a", b"keep-alive", b"chunked", b"connection"))


@pytest.mark.parametrize("code", [301, 302, 307, 400, 401, 403, 404, 407, 429, 500, 503])
def test_any_other_answer_is_given_instead(code):
    fields = b"WWW-Authenticate: Bearer\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nLocation: /login\r\n"
    answer, sent = judged(b"HTTP/1.1 %d X\r\n%bContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno" % (code, fields))
    assert (status(answer), body(answer), sent) == (code, b"no", b"")
    for line in (b"www-authenticate: Bearer", b"set-cookie: a=1", b"set-cookie: b=2", b"location: /login"):
        assert b"\r\n" + line + b"\r\n" in answer


def test_a_refusal_of_a_head_request_has_no_body():
    answer, _ = judged(b"HTTP/1.1 401 X\r\nContent-Length: 2\r\n\r\nno", request("HEAD"))
    assert (status(answer), answer.endswith(b"\r\n\r\n")) == (401, True)


@pytest.mark.parametrize(
    "answer",
    [
        b"SMTP\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 403 X\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1) + b"x" * (LARGEST + 1),
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1) + b"x" * (LARGEST + 1),
    ],
)
def test_whatever_is_no_answer_lets_nobody_pass(answer):
    got, sent = judged(answer)
    assert (status(got), sent) == (503, b"")


def test_when_nobody_answers_nobody_passes():
    talk = dialogue(ASK)
    for fail in (talk.refuses, talk.never_answers):
        client = talk.client()
        client.says(request())
        fail()
        assert status(client.hears()) == 503
    client = talk.client()
    side, _ = asked(talk, client, request())
    side.resets()
    assert status(client.hears()) == 503
    client = talk.client()
    side, _ = asked(talk, client, request())
    talk.wait(PATIENCE)
    assert (status(client.hears()), side.closed) == (503, True)
    assert talk.connecting == []


def test_a_client_that_leaves_takes_its_question_back():
    talk = dialogue(ASK)
    client = talk.client()
    side, _ = asked(talk, client, request())
    client.resets()
    assert side.closed
    assert talk.connecting == []
    talk.wait(PATIENCE)


def test_a_body_waits_and_goes_to_the_endpoint_only():
    talk = dialogue(ASK)
    client = talk.client()
    side, question = asked(talk, client, request("POST", body=b"secret"))
    assert b"secret" not in question
    side.says(PASS + b"\r\n")
    assert talk.accepts().hears().endswith(b"\r\n\r\nsecret")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
def test_no_method_passes_by(method):
    answer, sent = judged(b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n", request(method))
    assert (status(answer), sent) == (403, b"")


def test_a_websocket_is_asked_about_with_a_plain_get():
    talk = dialogue(ASK)
    client = talk.client()
    upgrade = {"Connection": "upgrade", "Upgrade": "websocket", "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    side, question = asked(talk, client, request(**upgrade, Sec_WebSocket_Version="13"))
    assert b"upgrade" not in question.lower()
    side.says(PASS + b"X-User: alice\r\n\r\n")
    sent = talk.accepts().hears()
    assert b"upgrade: websocket\r\n" in sent
    assert b"x-user: alice\r\n" in sent


CACHE = {"type": "cache", "ttl": 60, "override": True, "statuses": [200, 301, 404]}
REFUSAL = b"HTTP/1.1 301 X\r\nLocation: /login\r\nCache-Control: max-age=600\r\nContent-Length: 0\r\n\r\n"


def test_neither_a_refusal_nor_what_it_let_pass_is_stored_for_others():
    for order in ((ASK, CACHE), (CACHE, ASK)):
        talk = dialogue(*order)
        for _ in range(2):
            client = talk.client()
            side, _ = asked(talk, client, request())
            side.says(REFUSAL.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            assert status(client.hears()) == 301
    talk = dialogue(ASK, CACHE)
    for _ in range(2):
        client = talk.client()
        side, _ = asked(talk, client, request())
        side.says(PASS + b"\r\n")
        pod = talk.accepts()
        pod.says(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert status(client.hears()) == 200
