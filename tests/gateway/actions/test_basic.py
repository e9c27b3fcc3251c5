import base64

import pytest

from edge.gateway.actions.basic import GOOD_FOR, read
from edge.gateway.password_checks import FAILURES
from edge.rules.passwords import hash_password
from tests.gateway.actions.acting import dialogue, request
from tests.gateway.exchanging import OK, body, status


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
