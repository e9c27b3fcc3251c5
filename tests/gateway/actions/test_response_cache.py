import msgspec
import pytest

from edge.gateway.own_ports import OwnPorts
from edge.gateway.worker import Serving
from edge.model.manifest import PurgeEntry
from tests.gateway.actions.acting import dialogue, pod_of, request
from tests.gateway.exchanging import body, field, status
from tests.gateway.serving import PROXY, content

CACHE = {"type": "cache"}


def answer(*lines, text=b"hello", first="200 OK"):
    head = [f"HTTP/1.1 {first}", *lines, f"Content-Length: {len(text)}", "", ""]
    return "\r\n".join(head).encode() + text


FRESH = answer("Cache-Control: max-age=60")


class Talk:
    """A client and a pod behind a cache: `ask` tells what the pod was sent (None: nothing) and what the client got."""

    def __init__(self, action=CACHE, **more):
        self.dialogue = dialogue(action, keep_alive_timeout=1000.0, upstream_idle_timeout=1000.0, **more)
        self.client = self.dialogue.client()
        self.pod = None

    def ask(self, data, answer=None):
        self.client.says(data)
        if answer is None:
            return self.client.hears()
        if self.pod is None or self.pod.closed:
            self.pod = pod_of(self.dialogue)
        self.sent = self.pod.hears()
        assert self.sent, "the pod was not asked"
        self.pod.says(answer)
        return self.client.hears()


def test_a_fresh_answer_is_given_again_with_its_age():
    talk = Talk()
    first = talk.ask(request(), answer("Cache-Control: max-age=60", "X-A: 1", "Connection: X-Hop", "X-Hop: 1"))
    assert field(first, b"cache-status") == b"Edge; fwd=uri-miss"
    talk.dialogue.wait(7)
    again = talk.ask(request())
    assert (status(again), body(again), field(again, b"x-a")) == (200, b"hello", b"1")
    assert (field(again, b"age"), field(again, b"cache-status")) == (b"7", b"Edge; hit; ttl=53")
    assert field(again, b"x-hop") is None
    head = talk.ask(request("HEAD"))
    assert (field(head, b"content-length"), body(head)) == (b"5", b"")


def test_a_stale_answer_is_fetched_again():
    talk = Talk()
    talk.ask(request(), FRESH)
    talk.dialogue.wait(61)
    assert body(talk.ask(request(), answer(text=b"newer"))) == b"newer"


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Cache-Control: private, max-age=60",),
        ("Cache-Control: no-store, max-age=60",),
        ("Cache-Control: no-cache, max-age=60",),
        ("Cache-Control: max-age=60", "Set-Cookie: a=b"),
        ("Cache-Control: max-age=60", "Vary: *"),
        ("Cache-Control: max-age=0",),
        ("Cache-Control: max-age=60", "Age: 60"),
        ("Cache-Control: max-age=x",),
        ("Expires: 0",),
    ],
)
def test_what_must_not_be_stored_is_not(lines):
    talk = Talk()
    talk.ask(request(), answer(*lines))
    talk.ask(request(), FRESH)


@pytest.mark.parametrize(
    "data",
    [
        request(Authorization="Basic eDp5"),
        request(Cache_Control="no-store"),
        request(Range="bytes=0-1"),
        request("POST", body=b"x"),
        request("GET", body=b"x"),
        request("HEAD"),
    ],
)
def test_answers_to_some_requests_are_not_stored(data):
    talk = Talk()
    whole = FRESH.removesuffix(b"hello") if data.startswith(b"HEAD") else FRESH
    talk.ask(data, whole)
    talk.ask(request(), FRESH)


def test_a_request_with_authorization_is_never_given_a_stored_answer():
    talk = Talk()
    talk.ask(request(), FRESH)
    assert body(talk.ask(request(Authorization="Basic eDp5"), answer(text=b"yours"))) == b"yours"
    assert body(talk.ask(request())) == b"hello"


def test_the_rule_says_how_long_where_the_answer_does_not():
    talk = Talk(CACHE | {"ttl": 10, "statuses": [404]})
    talk.ask(request(), answer(first="404 No"))
    assert status(talk.ask(request())) == 404
    talk.dialogue.wait(10)
    talk.ask(request(), answer())
    talk.ask(request(), answer())


def test_the_rule_overrides_what_the_answer_says_but_not_that_it_is_private():
    talk = Talk(CACHE | {"ttl": 10, "override": True})
    talk.ask(request(), answer("Cache-Control: no-cache"))
    assert body(talk.ask(request())) == b"hello"
    talk.ask(request(path="/b"), answer("Cache-Control: private"))
    talk.ask(request(path="/b"), answer("Set-Cookie: a=b"))
    talk.ask(request(path="/b"), answer())


def test_every_variant_is_stored_by_itself():
    talk = Talk()
    vary = ("Cache-Control: max-age=60", "Vary: Accept-Language, X-A")
    talk.ask(request(Accept_Language="de"), answer(*vary, text=b"hallo"))
    english = talk.ask(request(Accept_Language="en"), answer(*vary, text=b"hello"))
    assert field(english, b"cache-status") == b"Edge; fwd=vary-miss"
    assert body(talk.ask(request(Accept_Language="de"))) == b"hallo"
    assert body(talk.ask(request(Accept_Language="en"))) == b"hello"


def test_a_client_that_has_it_already_is_told_so():
    talk = Talk()
    talk.ask(request(), answer("Cache-Control: max-age=60", 'ETag: "a"', "X-A: 1"))
    unchanged = talk.ask(request(If_None_Match='"b", W/"a"'))
    assert (status(unchanged), field(unchanged, b"etag"), body(unchanged)) == (304, b'"a"', b"")
    assert field(unchanged, b"x-a") is None
    assert status(talk.ask(request(If_None_Match='"b"'))) == 200


def test_a_stale_answer_is_revalidated_and_fresh_again():
    talk = Talk()
    talk.ask(request(), answer("Cache-Control: max-age=60", 'ETag: "a"', "X-A: 1"))
    talk.dialogue.wait(61)
    not_modified = b'HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=30\r\nETag: "a"\r\nX-A: 2\r\n\r\n'
    got = talk.ask(request(If_None_Match='"other"'), not_modified)
    assert b'if-none-match: "a"\r\n' in talk.sent
    assert b"other" not in talk.sent
    assert (status(got), body(got), field(got, b"x-a")) == (200, b"hello", b"2")
    assert field(got, b"cache-status") == b"Edge; fwd=stale; fwd-status=304"
    assert field(talk.ask(request()), b"cache-status") == b"Edge; hit; ttl=30"


def test_a_stale_answer_that_changed_is_replaced():
    talk = Talk()
    talk.ask(request(), answer("Cache-Control: max-age=60", 'ETag: "a"'))
    talk.dialogue.wait(61)
    assert body(talk.ask(request(), answer("Cache-Control: max-age=60", 'ETag: "b"', text=b"newer"))) == b"newer"
    assert body(talk.ask(request())) == b"newer"


@pytest.mark.parametrize(
    ("lines", "rule", "given"),
    [
        ((), {"stale_if_error": 30}, True),
        (("Cache-Control: stale-if-error=30",), {}, True),
        (("Cache-Control: must-revalidate",), {"stale_if_error": 30}, False),
        ((), {"stale_if_error": 5}, False),
    ],
)
def test_a_stale_answer_stands_in_for_an_error_where_it_may(lines, rule, given):
    talk = Talk(CACHE | rule)
    talk.ask(request(), answer("Cache-Control: max-age=60", *lines))
    talk.dialogue.wait(70)
    got = talk.ask(request(), answer(first="503 Oh", text=b"down"))
    assert (status(got), body(got)) == ((200, b"hello") if given else (503, b"down"))
    if given:
        assert field(got, b"cache-status") == b"Edge; fwd=stale; fwd-status=503"


def test_a_stale_answer_stands_in_for_the_gateways_own_error():
    talk = Talk(CACHE | {"stale_if_error": 30})
    talk.ask(request(), answer("Cache-Control: max-age=60", "Connection: close"))
    talk.dialogue.wait(61)
    talk.client.says(request())
    talk.dialogue.refuses()
    assert body(talk.client.hears()) == b"hello"


def test_what_a_request_demands_counts():
    talk = Talk()
    talk.ask(request(), FRESH)
    assert status(talk.ask(request(path="/b", Cache_Control="only-if-cached"))) == 504
    talk.dialogue.wait(5)
    assert field(talk.ask(request(Cache_Control="max-age=2"), FRESH), b"cache-status") == b"Edge; fwd=request"
    talk.ask(request(Pragma="no-cache"), FRESH)
    talk.ask(request(Cache_Control="min-fresh=61"), FRESH)
    assert body(talk.ask(request(Cache_Control="max-age=60, min-fresh=1"))) == b"hello"


def test_an_unsafe_request_that_succeeds_takes_the_stored_answer_out():
    talk = Talk()
    talk.ask(request(), FRESH)
    talk.ask(request("POST", body=b"x"), answer(first="500 Oh"))
    assert body(talk.ask(request())) == b"hello"
    talk.ask(request("DELETE"), answer())
    talk.ask(request(), FRESH)


def test_many_who_ask_at_once_cost_one_fetch():
    talk = Talk()
    others = [talk.dialogue.client() for _ in range(3)]
    talk.client.says(request())
    for other in others:
        other.says(request())
    pod = pod_of(talk.dialogue)
    assert pod.hears().count(b"GET /") == 1
    pod.says(FRESH[:-2])
    assert [other.hears() for other in others] == [b""] * 3
    pod.says(FRESH[-2:])
    for other in others:
        got = other.hears()
        assert (body(got), field(got, b"cache-status")) == (b"hello", b"Edge; fwd=uri-miss; collapsed")


def test_who_waits_fetches_for_itself_once_the_answer_cannot_be_stored():
    talk = Talk()
    second = talk.dialogue.client()
    talk.client.says(request())
    second.says(request())
    pod = pod_of(talk.dialogue)
    assert pod.hears().count(b"GET /") == 1
    pod.says(answer("Cache-Control: private"))
    assert pod.hears().count(b"GET /") == 1
    pod.says(answer(text=b"yours"))
    assert body(second.hears()) == b"yours"
    talk.client.says(request())
    second.says(request())  # now it is known that waiting is of no use
    assert pod.hears()
    assert talk.dialogue.connecting


def test_who_waits_fetches_for_itself_when_the_first_has_gone_or_takes_too_long():
    talk = Talk()
    second, third = talk.dialogue.client(), talk.dialogue.client()
    talk.client.says(request())
    pod_of(talk.dialogue)
    second.says(request())
    third.says(request())
    third.resets()
    talk.dialogue.wait(5)
    pod = pod_of(talk.dialogue)
    pod.says(FRESH)
    assert body(second.hears()) == b"hello"


def test_one_of_those_who_wait_fetches_when_the_first_has_gone():
    talk = Talk()
    others = [talk.dialogue.client() for _ in range(3)]
    talk.client.says(request())
    pod_of(talk.dialogue)
    for other in others:
        other.says(request())
    talk.client.resets()
    pod = pod_of(talk.dialogue)
    assert not talk.dialogue.connecting
    pod.says(FRESH)
    assert [body(other.hears()) for other in others] == [b"hello"] * 3


def test_while_one_fetches_a_stale_answer_anew_others_are_given_it_for_a_while():
    talk = Talk(CACHE | {"stale_while_revalidate": 10})
    talk.ask(request(), FRESH)
    talk.dialogue.wait(65)
    talk.client.says(request())
    assert talk.pod.hears()
    other = talk.dialogue.client()
    other.says(request())
    got = other.hears()
    assert (body(got), field(got, b"cache-status")) == (b"hello", b"Edge; hit; ttl=-5")
    other.says(request(Cache_Control="max-age=60"))
    assert other.hears() == b""  # this one does not want it so old
    talk.dialogue.wait(4)
    talk.pod.says(answer("Cache-Control: max-age=60", text=b"newer"))
    assert (body(talk.client.hears()), body(other.hears())) == (b"newer", b"newer")
    talk.dialogue.wait(75)
    talk.client.says(request())
    other.says(request())
    assert other.hears() == b""  # too old now


def test_a_part_is_given_of_what_is_stored():
    talk = Talk()
    talk.ask(request(Range="bytes=1-2"), answer("Content-Range: bytes 1-2/5", first="206 Part", text=b"el"))
    talk.ask(request(), answer("Cache-Control: max-age=60", 'ETag: "a"'))
    got = talk.ask(request(Range="bytes=1-2", If_Range='"a"'))
    assert (status(got), body(got), field(got, b"content-range")) == (206, b"el", b"bytes 1-2/5")
    assert (field(got, b"etag"), field(got, b"content-length")) == (b'"a"', b"2")
    assert status(talk.ask(request(Range="bytes=1-2", If_None_Match='"a"'))) == 304
    assert body(talk.ask(request(Range="bytes=1-2", If_Range='"b"'))) == b"hello"
    none = talk.ask(request(Range="bytes=9-"))
    assert (status(none), field(none, b"content-range")) == (416, b"bytes */5")
    assert status(talk.ask(request("HEAD", Range="bytes=1-2"))) == 200
    talk.dialogue.wait(61)
    talk.ask(request(Range="bytes=1-2"), answer("Content-Range: bytes 1-2/5", first="206 Part", text=b"el"))


def test_variants_are_fetched_at_once_and_each_by_one():
    talk = Talk()
    vary = ("Cache-Control: max-age=60", "Vary: Accept-Language")
    talk.ask(request(Accept_Language="fr"), answer(*vary))
    clients = {name: talk.dialogue.client() for name in ("de", "en", "de ", "en ")}
    for name, client in clients.items():
        client.says(request(Accept_Language=name.strip()))
    pods = [talk.pod, pod_of(talk.dialogue)]
    assert not talk.dialogue.connecting
    for pod in pods:
        language = pod.hears().partition(b"accept-language: ")[2][:2]
        pod.says(answer(*vary, text=language))
    assert {name: body(client.hears()) for name, client in clients.items()} == {
        name: name.strip().encode() for name in clients
    }


def test_an_answer_too_large_to_store_goes_through():
    talk = Talk(CACHE | {"max_body": 4})
    assert body(talk.ask(request(), FRESH)) == b"hello"
    chunked = (
        b"HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    assert b"hello" in talk.ask(request(), chunked)
    talk.ask(request(), FRESH)


def test_a_key_of_its_own_and_purges():
    talk = Talk(CACHE | {"key": "${host}${path}"})
    talk.ask(request(path="/a?x=1"), FRESH)
    assert body(talk.ask(request(path="/a?x=2"))) == b"hello"
    cache = talk.dialogue.path.cache
    assert cache.purge("a1", url="/b") == 0
    assert cache.purge("other", prefix="/") == 0
    assert cache.purge("a1", prefix="https://www.example.com/a") == 1
    talk.ask(request(path="/a?x=2"), FRESH)
    assert cache.purge("a1", url="https://other.example/a?x=3") == 1  # it would have been given for this URL, too


def test_a_worker_does_the_purges_of_its_manifest():
    talk = Talk()
    receiver = Serving(talk.dialogue.path, OwnPorts())

    def given(*purges):
        found = content("10.0.0.1:80", rules=[{"actions": [CACHE, PROXY]}], number=2 + len(purges))
        return msgspec.structs.replace(found, manifest=msgspec.structs.replace(found.manifest, purges=purges))

    talk.ask(request(), FRESH)
    receiver.apply(given())
    assert body(talk.ask(request())) == b"hello"
    receiver.apply(given(PurgeEntry(1, "a1", prefix="/")))
    talk.ask(request(), FRESH)


def test_what_was_being_fetched_while_it_was_purged_is_not_stored():
    talk = Talk()
    talk.client.says(request())
    talk.pod = pod_of(talk.dialogue)
    talk.pod.hears()
    talk.dialogue.path.cache.purge("a1", prefix="/")
    talk.pod.says(FRESH)
    talk.client.hears()
    talk.ask(request(), FRESH)


def test_answers_to_another_port_of_the_host_are_others():
    talk = Talk()
    talk.ask(request().replace(b"www.example.com", b"www.example.com:1234"), answer("Cache-Control: max-age=60"))
    talk.ask(request(), FRESH)
    assert body(talk.ask(request().replace(b"www", b"WWW"))) == b"hello"


def test_a_rules_own_answer_passes_by():
    talk = Talk(terminal={"type": "respond", "body": "x"})
    assert field(talk.ask(request()), b"cache-status") is None


def test_hits_and_misses_are_counted():
    talk = Talk()
    talk.ask(request(), FRESH)
    talk.ask(request())
    talk.ask(request("POST", body=b"x"), answer())
    assert talk.dialogue.path.counters.cache == {"miss": 1, "hit": 1, "bypass": 1}
