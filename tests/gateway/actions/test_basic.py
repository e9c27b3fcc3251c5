import base64

import pytest

from edge.gateway import snapshot as snapshots
from edge.gateway.actions.basic import GOOD_FOR, read
from edge.gateway.password_checks import FAILURES
from edge.rules.passwords import hash_password
from tests.gateway.actions.acting import dialogue, request
from tests.gateway.exchanging import OK, body, status
from tests.gateway.serving import PROXY, content
from tests.gateway.working import answer_to, endpoint, pod, worker


def hashed(password, salt=b"0123456789abcdef"):
    return hash_password(password, salt, cost=10, lanes=1)


BASIC = {
    "type": "basic-auth",
    "users": [{"name": "alice", "password": hashed("wonder:land")}, {"name": "bøb", "password": hashed("b")}],
}


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


ALICE = basic("alice", "wonder:land")


def outcome(talk, authorization=None, **headers):
    """The status of a new client's request, and what the endpoint was sent of it, if it was asked."""
    client = talk.client()
    if authorization is not None:
        headers["authorization"] = authorization
    client.says(request(**headers))
    sent = b""
    if talk.connecting:
        pod = talk.accepts()
        sent = pod.hears()
        pod.says(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    return status(client.hears()), sent


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !",
        "Basic YWxpY2U=",
        "Bearer " + ALICE[6:],
        ALICE[6:],
        basic("alice", "wonder"),
        basic("alice", "wonder:land "),
        basic("Alice", "wonder:land"),
        basic("", ""),
        basic("carol", "wonder:land"),
        basic("bøb", "wonder:land"),
        ALICE + ", " + ALICE,
        ALICE + "A" * 4000,
        ALICE + "\xff",
    ],
)
def test_whoever_has_no_credentials_or_wrong_ones_is_asked_for_them(authorization):
    talk = dialogue(BASIC | {"realm": "the shop"})
    client = talk.client()
    client.says(request(**({} if authorization is None else {"authorization": authorization})))
    answer = client.hears()
    assert status(answer) == 401
    assert b'\r\nwww-authenticate: Basic realm="the shop", charset="UTF-8"\r\n' in answer
    assert body(answer) == b"a name and a password are needed\n"
    assert talk.connecting == []


@pytest.mark.parametrize("authorization", [ALICE, "bASIC  " + ALICE[6:], basic("bøb", "b")])
def test_right_credentials_pass_and_stay_here(authorization):
    code, sent = outcome(dialogue(BASIC), authorization)
    assert code == 200
    assert b"authorization" not in sent.lower()


def test_credentials_go_on_where_that_is_wanted_and_a_rules_own_in_any_case():
    code, sent = outcome(dialogue(BASIC | {"forward": True}), ALICE)
    assert (code, f"authorization: {ALICE}".encode() in sent) == (200, True)
    own = {"type": "set-request-header", "name": "Authorization", "value": "Bearer of-the-rule"}
    code, sent = outcome(dialogue(BASIC, own), ALICE)
    assert (code, sent.lower().count(b"authorization"), b"Bearer of-the-rule" in sent) == (200, 1, True)


def test_two_headers_are_none():
    talk = dialogue(BASIC)
    client = talk.client()
    client.says(request(authorization=ALICE, Authorization=basic("alice", "x")))
    assert status(client.hears()) == 401


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PROPFIND"])
def test_no_method_passes_by(method):
    talk = dialogue(BASIC)
    client = talk.client()
    client.says(request(method))
    assert status(client.hears()) == 401


def test_a_websocket_does_not_pass_by():
    upgrade = {"Connection": "upgrade", "Upgrade": "websocket", "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    talk = dialogue(BASIC)
    assert outcome(talk, None, **upgrade, Sec_WebSocket_Version="13") == (401, b"")
    assert outcome(talk, ALICE, **upgrade, Sec_WebSocket_Version="13")[1].startswith(b"GET / ")


def test_what_was_good_is_not_checked_again_for_a_while():
    talk = dialogue(BASIC)
    started = []
    start = talk.path.passwords.start
    talk.path.passwords.start = lambda *given: (started.append(given), start(*given))[1]
    for _ in range(3):
        assert outcome(talk, ALICE)[0] == 200
    assert len(started) == 1
    talk.wait(GOOD_FOR)
    assert outcome(talk, ALICE)[0] == 200
    assert len(started) == 2
    for _ in range(2):
        outcome(talk, basic("alice", "no"))
    assert len(started) == 4


def test_requests_with_the_same_credentials_wait_for_one_check():
    talk = dialogue(BASIC)
    clients = [talk.client() for _ in range(12)]
    for client in clients:
        client.transport.protocol.data_received(request(authorization=ALICE))
    clients[3].resets()
    talk.loop.run_ready()
    assert len(talk.connecting) == 11
    assert all(client.hears() == b"" for client in clients)


def test_nobody_waits_any_more_once_the_clients_have_left():
    talk = dialogue(BASIC)
    client = talk.client()
    client.transport.protocol.data_received(request(authorization=ALICE))
    client.transport.lose()
    talk.loop.run_ready()
    assert talk.connecting == []
    assert outcome(talk, ALICE)[0] == 200


def test_guessing_is_slowed_down_and_does_not_lock_out_whoever_is_known():
    talk = dialogue(BASIC)
    assert outcome(talk, ALICE)[0] == 200
    codes = [outcome(talk, basic("alice", f"guess {n}"))[0] for n in range(FAILURES + 2)]
    assert codes == [401] * FAILURES + [429, 429]
    assert outcome(talk, basic("bøb", "b"))[0] == 429
    assert outcome(talk, ALICE)[0] == 200


def test_stored_answers_are_never_given_past_the_gate_or_stored_behind_it():
    talk = dialogue(BASIC, {"type": "cache", "ttl": 60, "override": True})
    assert outcome(talk, ALICE)[0] == 200
    assert outcome(talk)[0] == 401
    assert talk.path.counters.cache == {"bypass": 1}


def test_neither_the_log_nor_what_is_printed_shows_a_secret(tmp_path):
    log = tmp_path / "access.log"
    talk = dialogue(BASIC, access_log=str(log))
    outcome(talk, ALICE)
    outcome(talk, basic("alice", "guessed"))
    talk.path.access_log.flush()
    text = log.read_text()
    assert text.count("\n") == 2
    assert ALICE[6:] not in text
    assert "alice" not in text


def test_a_header_is_read_as_the_rfc_says():
    assert read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == (b"Aladdin", b"open sesame")  # RFC 7617 2
    assert read("Basic dGVzdDoxMjPCow==") == (b"test", "123£".encode())  # RFC 7617 2.1


def released(talk, number, *actions):
    """The same application, released with other actions."""
    given = content("10.0.0.1:80", rules=[{"actions": [*actions, PROXY]}], number=number)
    talk.path.snapshot, refused = snapshots.build(talk.path.snapshot, given)
    assert not refused


def test_an_old_password_is_refused_from_the_release_on_that_changes_it():
    talk = dialogue(BASIC)
    assert outcome(talk, ALICE)[0] == 200
    released(talk, 2, BASIC, {"type": "set-request-header", "name": "X-A", "value": "1"})
    assert outcome(talk, ALICE)[0] == 200
    new = [{"name": "alice", "password": hashed("another")}]
    released(talk, 3, BASIC | {"users": new})
    assert [outcome(talk, one)[0] for one in (ALICE, basic("alice", "another"))] == [401, 200]
    released(talk, 4, BASIC | {"users": [{"name": "bob", "password": hashed("another")}]})
    assert outcome(talk, basic("alice", "another"))[0] == 401


def test_what_is_good_for_one_rule_is_good_for_no_other():
    other = BASIC | {"users": [{"name": "alice", "password": hashed("other")}]}
    only = [{"variable": "path", "operator": "prefix", "values": ["/other"]}]
    talk = dialogue(BASIC)
    rules = [{"conditions": only, "actions": [other, PROXY]}, {"actions": [BASIC, PROXY]}]
    talk.path.snapshot, _ = snapshots.build(None, content("10.0.0.1:80", rules=rules))
    for path, right in (("/", ALICE), ("/other", basic("alice", "other"))):
        for authorization in (ALICE, basic("alice", "other")):
            client = talk.client()
            client.says(request(path=path, authorization=authorization))
            assert bool(talk.connecting) == (authorization == right)
            if talk.connecting:
                talk.accepts().resets()


def test_a_preflight_passes_where_cors_stands_before_and_says_who_may_read_the_refusal():
    cors = {"type": "cors", "origins": ["https://a.example"], "headers": ["Authorization"], "credentials": True}
    preflight = request("OPTIONS", origin="https://a.example", access_control_request_method="GET")
    for order, code in (((cors, BASIC), 204), ((BASIC, cors), 401)):
        client = dialogue(*order).client()
        client.says(preflight)
        assert status(client.hears()) == code
    client = dialogue(cors, BASIC).client()
    client.says(request(origin="https://a.example"))
    answer = client.hears()
    assert (status(answer), b"access-control-allow-origin: https://a.example" in answer) == (401, True)


def test_a_copy_that_is_made_behind_the_gate_has_no_credentials():
    talk = dialogue(BASIC, {"type": "mirror", "upstream": "u1"})
    client = talk.client()
    client.says(request())
    assert talk.connecting == []
    client.says(request(authorization=ALICE))
    sides = talk.accepts(), talk.accepts()
    assert all(b"authorization" not in side.hears().lower() for side in sides)


def test_a_body_is_not_asked_for_before_its_sender_is_known():
    talk = dialogue(BASIC)
    client = talk.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    answer = client.hears()
    assert status(answer) == 401
    assert b"connection: close\r\n" in answer
    assert talk.connecting == []


def test_the_longest_names_and_passwords_fit():
    name, password = "é" * 256, "€" * 256
    talk = dialogue(BASIC | {"users": [{"name": name, "password": hashed(password)}]})
    assert outcome(talk, basic(name, password))[0] == 200


def test_an_unknown_user_is_checked_like_a_known_one():
    talk = dialogue(BASIC)
    started = []
    start = talk.path.passwords.start
    talk.path.passwords.start = lambda *given: (started.append(given), start(*given))[1]
    for name in ("alice", "nobody"):
        assert outcome(talk, basic(name, "guess"))[0] == 401
    assert len(started) == 2  # and what nobody's costs is held to in tests/rules/test_passwords.py


async def test_a_worker_checks_passwords_while_it_goes_on_serving():
    dear = hash_password("a", b"0123456789abcdef")
    rules = [
        {
            "conditions": [{"variable": "path", "operator": "prefix", "values": ["/private"]}],
            "actions": [BASIC | {"users": [{"name": "alice", "password": dear}]}, PROXY],
        },
        {"actions": [PROXY]},
    ]
    async with endpoint(pod) as address, worker(address) as (running, port):
        running.serving.apply(content(address, rules=rules, number=2))
        for authorization, code in ((basic("alice", "b"), 401), (basic("alice", "a"), 200)):
            answer = await answer_to(port, request(path="/private", authorization=authorization))
            assert status(answer) == code
        assert status(await answer_to(port, request(path="/"))) == 200
