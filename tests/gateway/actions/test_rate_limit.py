import pytest

from edge.gateway import snapshot as snapshots
from edge.gateway.settings import Settings
from tests.gateway.actions.acting import ask, dialogue, request
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import OK, body, field, status
from tests.gateway.serving import PROXY, content

TWO = {"type": "limit-rate", "rate": 2, "per": "minute"}
FIXED = {"type": "respond", "body": "hi"}


def limited(action=TWO, **settings):
    return dialogue(action, terminal=FIXED, **settings)


def statuses(talk, times, address="192.0.2.7", **headers):
    client = talk.client(address)
    found = []
    for _ in range(times):
        client.says(request(**headers))
        found.append(status(client.hears()))
    return found


def test_what_comes_beyond_the_limit_is_refused_until_it_is_in_time_again():
    talk = limited()
    assert statuses(talk, 3) == [200, 200, 429]
    talk.wait(30)
    assert statuses(talk, 2) == [200, 429]


def test_a_refusal_says_when_to_come_again_and_leaves_the_connection_open():
    talk = limited()
    statuses(talk, 2)
    talk.wait(10.5)
    client = talk.client()
    client.says(request())
    answer = client.hears()
    assert body(answer) == b"too many requests; the next one may come in 20 s\n"
    assert field(answer, b"retry-after") == b"20"
    assert field(answer, b"ratelimit") == b'"2-per-minute";r=0;t=20'
    assert field(answer, b"ratelimit-policy") == b'"2-per-minute";q=2;w=60'
    assert not client.closed
    talk.wait(20)
    client.says(request())
    assert status(client.hears()) == 200


def test_every_answer_says_what_is_left_and_none_of_an_endpoint_is_changed_otherwise():
    talk = dialogue(TWO)
    _, answer = ask(talk, request(), OK)
    assert (status(answer), body(answer)) == (200, b"hello")
    assert field(answer, b"ratelimit") == b'"2-per-minute";r=1;t=30'
    assert field(answer, b"retry-after") is None


def test_clients_have_limits_of_their_own_and_an_ipv6_network_has_one():
    talk = limited({"type": "limit-rate", "rate": 1, "per": "hour"})
    assert statuses(talk, 1, "192.0.2.1") + statuses(talk, 1, "192.0.2.2") == [200, 200]
    assert statuses(talk, 1, "2001:db8::1") + statuses(talk, 1, "2001:db8::2") == [200, 429]


def test_a_key_says_what_is_counted_together():
    talk = limited({"type": "limit-rate", "rate": 1, "per": "hour", "key": "${header.x-key}", "status": 503})
    assert statuses(talk, 2, X_Key="a") == [200, 503]
    assert statuses(talk, 1, "192.0.2.8", X_Key="a") == [503]
    assert statuses(talk, 1, X_Key="b") == [200]


def test_each_worker_takes_its_share_of_the_limit_rounded_up():
    action = {"type": "limit-rate", "rate": 5, "per": "hour", "burst": 3}
    built, _ = snapshots.build(None, content("10.0.0.1:80", rules=[{"actions": [action, FIXED]}]), Settings(workers=2))
    talk = Dialogue(built)
    assert statuses(talk, 3) == [200, 200, 429]
    talk.wait(1200)
    assert statuses(talk, 2) == [200, 429]


DELAY = {"type": "limit-rate", "rate": 1, "burst": 3, "delay": True}


def test_what_is_too_early_is_held_until_its_time_and_what_is_beyond_the_burst_refused():
    talk = limited(DELAY)
    clients = [talk.client() for _ in range(4)]
    for client in clients:
        client.says(request())
    assert [client.hears()[9:12] for client in clients] == [b"200", b"", b"", b"429"]
    talk.wait(1)
    assert [client.hears()[9:12] for client in clients] == [b"", b"200", b"", b""]
    talk.wait(1)
    assert [client.hears()[9:12] for client in clients] == [b"", b"", b"200", b""]
    assert talk.path.counters.limited == {"a1": {"delayed": 2, "rate": 1}}


def test_a_client_that_leaves_while_it_is_held_leaves_no_timer_and_gains_nothing():
    talk = limited(DELAY)
    clients = [talk.client() for _ in range(3)]
    armed = talk.loop.armed
    for client in clients:
        client.says(request())
    assert talk.loop.armed == armed + 2
    for client in clients:
        client.resets()
    assert talk.loop.armed == armed
    assert statuses(talk, 1) == [429]


def test_the_body_of_a_held_request_is_kept_in_bounds_and_sent_when_it_is_time():
    talk = dialogue(DELAY, buffer_limit=1000)
    ask(talk, request(), OK)
    client = talk.client()
    client.says(request("POST", body=b"x" * 5000)[:-2000])
    assert client.transport.paused
    assert not talk.connecting
    talk.wait(1)
    assert talk.path.pool.counts()["busy"] == 1
    assert not client.transport.paused


def test_a_request_that_was_held_long_may_still_be_given_to_another_endpoint():
    rules = [{"actions": [{**DELAY, "burst": 4}, PROXY]}]
    built, _ = snapshots.build(None, content("10.0.0.1:80", "10.0.0.2:80", rules=rules))
    talk = Dialogue(built, retry_within=2)
    clients = [talk.client() for _ in range(4)]
    for client in clients:
        client.says(request())
    for client in clients[:3]:
        client.resets()
    talk.refuses()
    talk.wait(3)
    talk.refuses()
    talk.accepts().says(OK)
    assert status(clients[3].hears()) == 200


def test_a_release_that_leaves_the_rule_as_it_was_forgives_nothing():
    rules = [{"actions": [TWO, FIXED]}]
    talk = Dialogue(snapshots.build(None, content("10.0.0.1:80", rules=rules))[0])
    assert statuses(talk, 3) == [200, 200, 429]
    more = [*rules, {"actions": [PROXY]}]
    talk.path.snapshot = snapshots.build(talk.path.snapshot, content("10.0.0.1:80", rules=more, number=2))[0]
    assert statuses(talk, 1) == [429]


def test_a_stored_answer_has_the_fields_of_whom_it_is_given_to():
    talk = dialogue(TWO, {"type": "cache", "ttl": 60})
    _, first = ask(talk, request(), OK)
    client = talk.client("192.0.2.8")
    client.says(request())
    answer = client.hears()
    assert field(answer, b"cache-status").startswith(b"Edge; hit")
    assert field(answer, b"ratelimit") == field(first, b"ratelimit") == b'"2-per-minute";r=1;t=30'


@pytest.mark.parametrize("after", [False, True])
def test_it_counts_where_it_stands(after):
    deny = {"type": "ip-access", "deny": ["192.0.2.7"]}
    talk = dialogue(*((deny, TWO) if after else (TWO, deny)))
    assert statuses(talk, 3) == ([403] * 3 if after else [403, 403, 429])
