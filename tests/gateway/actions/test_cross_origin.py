import pytest

from tests.gateway.actions.acting import ask, dialogue, request
from tests.gateway.exchanging import OK, field, status

CORS = {"type": "cors", "origins": ["https://www.example.com", "https://*.example.org"], "methods": ["GET", "PUT"]}
ALLOWED = b"access-control-allow-origin"


def preflight(talk, origin):
    client = talk.client()
    client.says(request("OPTIONS", Origin=origin, Access_Control_Request_Method="PUT"))
    return client.hears()


def test_a_preflight_is_answered_here_with_what_is_allowed():
    answer = preflight(dialogue(CORS | {"headers": ["Content-Type"], "max_age": 60}), "https://www.example.com")
    assert (status(answer), field(answer, ALLOWED)) == (204, b"https://www.example.com")
    assert field(answer, b"access-control-allow-methods") == b"GET, PUT"
    assert field(answer, b"access-control-allow-headers") == b"Content-Type"
    assert field(answer, b"access-control-max-age") == b"60"
    assert field(answer, b"vary") == b"Origin"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://www.example.com", True),
        ("https://shop.example.org", True),
        ("https://a.b.example.org", True),
        ("https://example.org", False),
        ("http://shop.example.org", False),
        ("https://www.example.com.evil.test", False),
        ("https://evil.test/.example.org", False),
        ("https://evilexample.org", False),
        ("null", False),
    ],
)
def test_only_named_origins_may_read_an_answer(origin, allowed):
    sent, answer = ask(dialogue(CORS), request(Origin=origin), OK)
    assert b"\r\norigin: " in sent
    assert field(answer, ALLOWED) == (origin.encode() if allowed else None)
    assert (field(preflight(dialogue(CORS), origin), ALLOWED) is not None) == allowed
    assert field(answer, b"vary") == b"Origin"


def test_any_origin_is_answered_with_a_star_and_nothing_varies():
    _, answer = ask(dialogue({"type": "cors", "origins": ["*"]}), request(Origin="https://a.test"), OK)
    assert (field(answer, ALLOWED), field(answer, b"vary")) == (b"*", None)


def test_credentials_and_exposed_headers_are_said_with_the_origin():
    _, answer = ask(
        dialogue(CORS | {"credentials": True, "expose": ["X-A"]}), request(Origin="https://a.example.org"), OK
    )
    assert field(answer, b"access-control-allow-credentials") == b"true"
    assert field(answer, b"access-control-expose-headers") == b"X-A"


def test_what_an_endpoint_says_of_origins_does_not_count():
    loose = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n"
    _, answer = ask(dialogue(CORS), request(Origin="https://evil.test"), loose)
    assert field(answer, ALLOWED) is None


def test_options_that_is_no_preflight_goes_to_the_endpoint():
    sent, _ = ask(dialogue(CORS), request("OPTIONS", Origin="https://www.example.com"), OK)
    assert sent.startswith(b"OPTIONS / ")
