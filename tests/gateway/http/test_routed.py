"""Proxy actions with several upstreams, backups, retries and timeouts, in dialogues."""

import pytest

from edge.model import Server, Upstream, UpstreamTls
from edge.rules.request import Request
from tests.gateway.actions.acting import request
from tests.gateway.dialogue import Dialogue
from tests.gateway.serving import counted as serving_counted
from tests.gateway.serving import serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nfull"
SPARE = Upstream("u2", "spare", servers=(Server("10.1.0.1", 80),))
PODS = ("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80")


def dialogue(*pods, others=(SPARE,), settings=None, **proxy):
    action = {"type": "proxy", **({} if "upstreams" in proxy else {"upstream": "u1"}), **proxy}
    return Dialogue(serving(*pods, rules=[{"actions": [action]}], others=others), **(settings or {}))


def ask(talk, **given):
    client = talk.client()
    client.says(request(**given))
    return client


def counted(talk):
    """Requests by upstream."""
    return {upstream: sum(classes) for upstream, classes in serving_counted(talk.path)["a1"].items()}


def status(client):
    return int(client.hears().split(b" ", 2)[1])


# Several upstreams


def split(talk, rounds, pods, **given):
    """How many of `rounds` requests went to each address; `pods` are the connections that there are."""
    shares = {}
    client = talk.client()
    for _ in range(rounds):
        client.says(request(**given))
        if talk.connecting:
            address = talk.connects()
            pods[address] = talk.accepts()
        for address, pod in pods.items():
            if pod.hears():
                shares[address[0]] = shares.get(address[0], 0) + 1
                pod.says(OK)
        assert status(client) == 200
    return shares


def test_requests_are_split_by_weight():
    talk = dialogue("10.0.0.1:80", upstreams=[{"upstream": "u1", "weight": 9}, {"upstream": "u2"}])
    shares = split(talk, 2000, {})
    assert shares.keys() == {"10.0.0.1", "10.1.0.1"}
    assert 140 <= shares["10.1.0.1"] <= 260  # 200 expected, 4.5 standard deviations
    assert counted(talk) == {"u1": shares["10.0.0.1"], "u2": shares["10.1.0.1"]}


def test_a_weight_of_nothing_takes_an_upstream_out_as_blue_and_green_want_it():
    talk = dialogue("10.0.0.1:80", upstreams=[{"upstream": "u1", "weight": 0}, {"upstream": "u2", "weight": 3}])
    assert split(talk, 50, {}) == {"10.1.0.1": 50}


def test_the_same_key_chooses_the_same_upstream_and_an_empty_one_is_drawn():
    halves = {"upstreams": [{"upstream": "u1"}, {"upstream": "u2"}], "key": "${header.x-user}"}
    talk, pods = dialogue("10.0.0.1:80", **halves), {}
    chosen = {user: tuple(split(talk, 3, pods, x_user=user)) for user in map(str, range(40))}
    assert {len(addresses) for addresses in chosen.values()} == {1}
    assert len(set(chosen.values())) == 2
    again, its = dialogue("10.0.0.1:80", **halves), {}  # another worker
    assert {user: tuple(split(again, 1, its, x_user=user)) for user in chosen} == chosen
    assert len(split(talk, 50, pods)) == 2


# A backup


def test_a_backup_is_asked_when_there_is_no_endpoint_and_is_what_is_logged():
    talk = dialogue(backup="u2")
    client = ask(talk)
    assert talk.connects() == ("10.1.0.1", 80)
    talk.accepts().says(OK)
    assert status(client) == 200
    assert counted(talk) == {"u2": 1}


def test_a_backup_is_asked_when_every_endpoint_refused():
    talk = dialogue(*PODS[:2], backup="u2")
    client = ask(talk, method="POST", body=b"x")
    talk.refuses()
    talk.refuses()
    assert talk.connects() == ("10.1.0.1", 80)
    pod = talk.accepts()
    assert pod.hears().endswith(b"x")
    pod.says(OK)
    assert status(client) == 200


def test_a_backup_is_not_asked_for_what_may_not_be_sent_again():
    talk = dialogue(PODS[0], backup="u2")
    client = ask(talk, method="POST", body=b"x")
    talk.accepts().resets()
    assert status(client) == 502
    assert talk.connecting == []


def test_without_an_endpoint_anywhere_the_answer_is_503_and_after_refusals_502():
    nowhere = Upstream("u2", "spare", servers=(Server("10.1.0.1", 80, 0),))
    assert status(ask(dialogue(others=(nowhere,), backup="u2"))) == 503
    talk = dialogue(PODS[0], backup="u2")
    client = ask(talk)
    talk.refuses()
    talk.refuses()
    assert status(client) == 502


def test_endpoints_that_take_too_long_leave_the_backup_its_turn():
    talk = dialogue(*PODS, backup="u2", settings={"retry_within": 10})
    client = ask(talk)
    for _ in range(2):
        talk.wait(6)
        talk.never_answers()
    assert talk.connects() == ("10.1.0.1", 80)  # the third pod would be too late
    talk.never_answers()
    assert status(client) == 504


def test_a_backup_is_spoken_to_as_it_wants_and_a_split_too():
    secured = Upstream("u2", "spare", (Server("10.1.0.1", 443),), tls=UpstreamTls(verify=False))
    talk = dialogue(PODS[0], backup="u2", others=(secured,))
    client = ask(talk)
    assert talk.connecting[0].tls is None
    talk.refuses()
    assert talk.connecting[0].tls == secured.tls
    talk.accepts().says(OK)
    assert status(client) == 200
    client.says(request())
    assert talk.connects() == ("10.0.0.1", 80)  # the next request begins where the rule says


def test_a_request_keeps_the_upstreams_of_its_beginning():
    talk = dialogue(PODS[0], backup="u2")
    client = ask(talk)
    gone = Upstream("u2", "spare", (Server("10.9.0.9", 80),))
    talk.path.snapshot = serving(PODS[0], others=(gone,), number=2)
    talk.refuses()
    assert talk.connects() == ("10.1.0.1", 80)
    talk.accepts().says(OK)
    assert status(client) == 200


# Retries


def test_an_answer_with_a_status_to_retry_is_thrown_away_and_the_client_sees_the_other_one():
    talk = dialogue(*PODS, retries={"statuses": [503]})
    client = ask(talk)
    first = talk.connects()
    talk.accepts().says(FULL)
    assert client.hears() == b""
    assert talk.connects() != first
    talk.accepts().says(OK)
    assert status(client) == 200
    assert talk.path.counters.retries == 1


def test_a_long_answer_that_is_thrown_away_costs_its_connection():
    talk = dialogue(*PODS, retries={"statuses": [503]})
    client = ask(talk)
    pod = talk.accepts()
    pod.says(b"HTTP/1.1 503 No\r\nContent-Length: 1000\r\n\r\nbegun")
    assert pod.transport.aborted
    talk.accepts().says(OK)
    assert client.hears().endswith(b"ok")


def test_the_last_answer_is_passed_on_when_attempts_or_endpoints_are_used_up():
    talk = dialogue(*PODS, retries={"attempts": 2, "statuses": [503]})
    client = ask(talk)
    talk.accepts().says(FULL)
    talk.accepts().says(FULL)
    assert client.hears().endswith(b"full")
    alone = dialogue(PODS[0], retries={"statuses": [503]})
    client = ask(alone)
    alone.accepts().says(FULL)
    assert client.hears().endswith(b"full")


def test_a_backup_is_asked_after_a_status_to_retry():
    talk = dialogue(PODS[0], backup="u2", retries={"attempts": 1, "statuses": [503]})
    client = ask(talk)
    talk.accepts().says(FULL)
    assert talk.connects() == ("10.1.0.1", 80)
    talk.accepts().says(OK)
    assert status(client) == 200
    assert counted(talk) == {"u2": 1}


@pytest.mark.parametrize(("non_idempotent", "attempts"), [(False, 1), (True, 2)])
def test_what_is_not_idempotent_is_sent_again_only_if_the_rule_says_so(non_idempotent, attempts):
    talk = dialogue(*PODS, retries={"attempts": 2, "statuses": [503], "non_idempotent": non_idempotent})
    client = ask(talk, method="POST", body=b"order")
    for _ in range(attempts):
        pod = talk.accepts()
        assert pod.hears().endswith(b"order")
        pod.says(FULL)
    assert client.hears().endswith(b"full")


def test_a_body_too_long_to_be_held_is_sent_once():
    talk = dialogue(*PODS, retries={"statuses": [503], "non_idempotent": True}, settings={"replay_limit": 3})
    client = ask(talk, method="PUT", body=b"long")
    talk.accepts().says(FULL)
    assert client.hears().endswith(b"full")


def test_conditions_that_are_not_named_end_the_request():
    talk = dialogue(*PODS, retries={"conditions": ["reset"]})
    client = ask(talk)
    talk.refuses()
    assert status(client) == 502
    talk = dialogue(*PODS, retries={"conditions": ["connect-failure"]})
    client = ask(talk)
    talk.accepts().resets()
    assert status(client) == 502


def test_attempts_bound_refused_connections_too():
    talk = dialogue(*PODS, retries={"attempts": 2})
    client = ask(talk)
    talk.refuses()
    talk.refuses()
    assert status(client) == 502
    assert talk.connecting == []


def test_an_idle_connection_that_turns_out_closed_is_no_attempt():
    talk = dialogue(PODS[0], retries={"attempts": 1, "conditions": []})
    client = ask(talk)
    pod = talk.accepts()
    pod.says(OK)
    client.hears()
    client.says(request())
    pod.resets()
    talk.accepts().says(OK)
    assert status(client) == 200


# Time


def test_an_attempt_that_takes_too_long_goes_to_another_endpoint_and_its_late_answer_to_nobody():
    talk = dialogue(*PODS, retries={"attempts": 2, "per_try_timeout": 1, "conditions": ["timeout"]})
    client = ask(talk)
    slow = talk.accepts()
    talk.wait(1.1)
    assert slow.transport.aborted
    talk.accepts().says(OK)
    assert status(client) == 200


def test_a_connection_that_comes_about_late_is_kept_for_others():
    talk = dialogue(*PODS, retries={"per_try_timeout": 1, "conditions": ["timeout"]})
    client = ask(talk)
    talk.wait(1.1)
    assert len(talk.connecting) == 2
    late = talk.accepts()
    assert late.hears() == b""
    talk.accepts().says(OK)
    assert status(client) == 200


def test_a_connection_that_takes_longer_than_an_attempt_may_is_a_failure_to_connect():
    talk = dialogue(*PODS, retries={"per_try_timeout": 1})
    client = ask(talk, method="POST")
    talk.wait(1.1)
    late, second = talk.accepts(), talk.accepts()
    assert late.hears() == b""
    second.says(OK)
    assert status(client) == 200


def test_an_attempt_that_takes_too_long_counts_against_its_endpoint():
    retries = {"per_try_timeout": 0.5, "conditions": ["timeout"]}
    talk = dialogue(*PODS[:2], retries=retries, settings={"ejection_failures": 1})
    client = ask(talk)
    silent = talk.connects()
    talk.accepts()
    talk.wait(0.6)
    assert talk.connects() != silent
    pod = talk.accepts()
    for _ in range(3):
        pod.says(OK)
        assert status(client) == 200
        client.says(request())
        assert not talk.connecting
    assert talk.path.pool.ejections == 1


def test_without_the_condition_an_attempt_that_takes_too_long_is_504():
    talk = dialogue(*PODS, retries={"per_try_timeout": 1})
    client = ask(talk)
    talk.accepts()
    talk.wait(1.1)
    assert status(client) == 504


def test_the_whole_request_has_its_time_whatever_is_tried():
    talk = dialogue(*PODS, timeout=2.5, retries={"per_try_timeout": 1, "conditions": ["timeout"], "attempts": 9})
    client = ask(talk)
    for _ in range(2):
        talk.accepts()
        talk.wait(1.1)
    talk.accepts()
    assert client.hears() == b""
    talk.wait(0.5)
    assert status(client) == 504


def test_time_runs_once_the_request_is_whole_and_until_the_answer_begins():
    talk = dialogue(PODS[0], timeout=1)
    client = talk.client()
    client.says(b"PUT / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 2\r\n\r\na")
    pod = talk.accepts()
    talk.wait(5)
    client.says(b"b")
    talk.wait(0.5)
    pod.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
    talk.wait(5)
    pod.says(b"k")
    assert client.hears().endswith(b"ok")


def test_a_rule_may_give_more_time_than_the_gateway_does():
    talk = dialogue(PODS[0], timeout=100, settings={"response_timeout": 10})
    client = ask(talk)
    pod = talk.accepts()
    talk.wait(99)
    pod.says(OK)
    assert status(client) == 200
    client.says(request())
    talk.wait(101.1)
    assert status(client) == 504


# The budget


def test_requests_that_are_sent_again_are_at_most_a_share_of_those_that_wait():
    talk = dialogue(*PODS, retries={"statuses": [503], "attempts": 2})
    waiting = [ask(talk) for _ in range(10)]
    for pod in [talk.accepts() for _ in waiting]:
        pod.says(FULL)
    answers = [client.hears()[-4:] for client in waiting]
    assert answers.count(b"full") == 7
    assert answers.count(b"") == 3  # as many as may in any case
    assert talk.path.counters.limited == {"a1": {"retries": 7}}
    for client, answer in zip(waiting, answers, strict=True):
        if not answer:
            client.resets()
    assert len(talk.path.budgets) == 0


def test_a_client_that_leaves_gives_back_what_it_had_of_the_budget():
    talk = dialogue(*PODS, retries={"statuses": [503], "per_try_timeout": 1, "conditions": ["timeout"]})
    client = ask(talk)
    talk.accepts().says(FULL)
    client.resets()
    assert len(talk.path.budgets) == 0
    talk.wait(5)
    assert talk.loop.armed <= 1


def test_a_websocket_may_be_tried_again_until_it_is_open_and_waits_for_nothing_then():
    talk = dialogue(*PODS, timeout=5, retries={"statuses": [503], "attempts": 2})
    client = ask(talk, Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Key="x", Sec_WebSocket_Version="13")
    talk.accepts().says(FULL)
    pod = talk.accepts()
    pod.says(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert status(client) == 101
    assert len(talk.path.budgets) == 0
    talk.wait(60)
    client.says(b"still open")
    assert pod.hears().endswith(b"still open")


def test_a_rule_that_says_nothing_more_than_an_upstream_has_no_route():
    talk = dialogue(PODS[0])
    assert talk.path.snapshot.applications["a1"].decide(Request()).route is None
