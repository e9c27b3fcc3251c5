"""The cache among other actions of the rules that a request meets."""

import gc

import pytest

from edge.gateway.actions.passage import Passage
from tests.gateway.actions.acting import pod_of, request
from tests.gateway.actions.test_response_cache import CACHE, FRESH, Talk, answer
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import body, field, status
from tests.gateway.serving import PROXY, serving


def test_a_compressed_answer_is_stored_compressed_when_compress_stands_before():
    rules = [{"actions": [{"type": "compress", "min_size": 1}, CACHE, PROXY]}]
    talk = Dialogue(serving("10.0.0.1:80", rules=rules))
    client = talk.client()
    client.says(request(Accept_Encoding="gzip"))
    pod_of(talk).says(answer("Cache-Control: max-age=60", "Content-Type: text/plain", text=b"hello" * 100))
    first = client.hears()
    client.says(request(Accept_Encoding="gzip"))
    again = client.hears()
    assert (body(again), field(again, b"content-encoding")) == (body(first), b"gzip")


def rules(*actions):
    """The cache behind actions that only some requests meet: those with the cookie `beta`."""
    condition = {"variable": "cookie", "argument": "beta", "operator": "exists"}
    return Dialogue(
        serving("10.0.0.1:80", rules=[{"conditions": [condition], "actions": actions}, {"actions": [CACHE, PROXY]}])
    )


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        ({"type": "rewrite-path", "prefix": "/", "with": "/beta/"}, ()),
        ({"type": "set-request-header", "name": "X-Group", "value": "beta"}, ("Vary: X-Group",)),
    ],
)
def test_answers_to_what_rules_made_of_a_request_are_not_given_to_others(action, lines):
    talk = rules(action)
    client = talk.client()
    client.says(request(Cookie="beta=1"))
    pod = pod_of(talk)
    pod.says(answer("Cache-Control: max-age=60", *lines, text=b"beta"))
    client.hears()
    client.says(request())
    pod.says(answer("Cache-Control: max-age=60", *lines, text=b"plain"))
    assert body(client.hears()) == b"plain"
    for cookie, text in ((None, b"plain"), ("beta=1", b"beta")):
        client.says(request(Cookie=cookie) if cookie else request())
        assert body(client.hears()) == text


def test_what_a_client_asked_by_its_own_etag_says_nothing_about_a_stale_answer():
    talk = Talk(CACHE | {"stale_if_error": 100})
    talk.ask(request(), FRESH)
    talk.dialogue.wait(61)
    got = talk.ask(request(If_None_Match='"new"'), b'HTTP/1.1 304 Not Modified\r\nETag: "new"\r\n\r\n')
    assert (status(got), body(got)) == (304, b"")


def test_a_stale_answer_goes_before_an_error_page():
    page = {"type": "error-page", "statuses": [503], "body": "sorry"}
    talk = Dialogue(serving("10.0.0.1:80", rules=[{"actions": [page, CACHE | {"stale_if_error": 30}, PROXY]}]))
    client = talk.client()
    client.says(request())
    pod_of(talk).says(answer("Cache-Control: max-age=1", "Connection: close"))
    client.hears()
    talk.wait(2)
    client.says(request())
    talk.refuses()
    assert body(client.hears()) == b"hello"


def test_an_answer_to_a_client_that_a_gate_behind_the_cache_asked_is_not_stored():
    token = {"type": "forward-auth", "upstream": "u1", "path": "/verify"}
    talk = Dialogue(serving("10.0.0.1:80", rules=[{"actions": [CACHE, token, PROXY]}]))
    client = talk.client()
    for text in (b"yours", b"theirs"):
        client.says(request())
        pod = pod_of(talk)
        pod.says(answer("Connection: close"))
        pod_of(talk).says(answer("Cache-Control: max-age=60", "Connection: close", text=text))
        assert body(client.hears()) == text


def test_a_request_past_the_cache_leaves_nothing_for_the_garbage_collector():
    talk = Talk(CACHE | {"stale_if_error": 60})
    talk.ask(request(), FRESH)
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            talk.dialogue.wait(61)
            talk.ask(request(), FRESH)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert not [found for found in gc.garbage if isinstance(found, Passage)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_each_origin_is_told_of_itself_also_by_stored_answers():
    cors = {"type": "cors", "origins": ["https://a.example", "https://b.example"]}
    talk = Dialogue(serving("10.0.0.1:80", rules=[{"actions": [cors, CACHE, PROXY]}]))
    client = talk.client()
    pod = None
    for origin in ("https://a.example", "https://b.example", "https://a.example"):
        client.says(request(Origin=origin))
        if not (got := client.hears()):
            pod = pod or pod_of(talk)
            pod.says(FRESH)
            got = client.hears()
        assert field(got, b"access-control-allow-origin") == origin.encode()
        assert got.lower().count(b"vary:") == 1
    assert field(got, b"cache-status").startswith(b"Edge; hit")
