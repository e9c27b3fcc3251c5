import json
import time

import msgspec
import pytest

from edge.gateway import snapshot as snapshots
from edge.gateway.actions.bearer import GOOD_FOR
from edge.gateway.tokens.keys import FRESH, LARGEST, PATIENCE, RETRY, SPACING
from edge.model import KeyEntry, application_key, document
from edge.sealing import ApplicationCipher
from tests.gateway.actions.acting import dialogue, request
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import OK, body, field, status
from tests.gateway.serving import PROXY, content
from tests.gateway.tokens.signing import SECRET, jwk, pem, rsa_key, signed
from tests.gateway.working import answer_to, endpoint, pod, worker

CLOSING = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
NOW = 1_750_001_000
BEARER = {"type": "jwt-auth", "algorithms": ["RS256"], "public_keys": pem(rsa_key())}
AT_URL = {"type": "jwt-auth", "algorithms": ["RS256"], "jwks_url": "http://id.example:8000/keys?a=b"}


def token(key=None, **claims):
    kid = claims.pop("kid", None)
    return signed({"exp": NOW + 600} | claims, key or rsa_key(), "RS256", **({"kid": kid} if kid else {}))


def ask(talk, client=None, **headers):
    """The answer to a request, and what the endpoint was sent of it."""
    client = client or talk.client()
    client.says(request(**headers) if "data" not in headers else headers["data"])
    sent = b""
    if talk.connecting:
        pod = talk.accepts()
        sent = pod.hears()
        pod.says(CLOSING)
    return client.hears(), sent


def bearer(text):
    return {"authorization": f"Bearer {text}"}


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, b""),
        ({"authorization": "Basic YTpi"}, b""),
        (bearer(""), b""),
        (bearer("x"), b', error="invalid_token", error_description="it is not a signed token"'),
        (bearer(token(exp=NOW - 1)), b', error="invalid_token", error_description="the token has expired"'),
        (bearer(token(rsa_key(1))), b', error="invalid_token", error_description="the token\'s signature is wrong"'),
        (bearer(token() + ", Bearer x"), b', error="invalid_token", error_description="it is not a signed token"'),
    ],
)
def test_whoever_has_no_good_token_is_refused_and_told_why(headers, error):
    talk = dialogue(BEARER)
    answer, sent = ask(talk, **headers)
    assert (status(answer), sent) == (401, b"")
    assert b'\r\nwww-authenticate: Bearer realm="restricted"' + error + b"\r\n" in answer


def test_a_good_token_passes_and_goes_on_unless_it_shall_not():
    good = bearer(token())
    assert good["authorization"].encode() in ask(dialogue(BEARER), **good)[1]
    answer, sent = ask(dialogue(BEARER | {"forward": False}), **good)
    assert (status(answer), b"authorization" in sent) == (200, False)


def test_two_headers_are_never_a_token():
    talk = dialogue(BEARER)
    assert status(ask(talk, authorization=f"Bearer {token()}", Authorization="")[0]) == 401
    assert status(ask(talk, authorization=f"Bearer {token()}", Authorization=f"Bearer {token()}")[0]) == 401


def test_a_token_can_stand_in_another_header_a_cookie_or_the_query():
    good = token()
    header = dialogue(BEARER | {"name": "X-Token", "forward": False})
    for text in (good, f"bearer {good}"):
        answer, sent = ask(header, x_token=text)
        assert (status(answer), b"x-token" in sent) == (200, False)
    assert status(ask(header, **bearer(good))[0]) == 401

    cookie = dialogue(BEARER | {"place": "cookie", "name": "session", "forward": False})
    answer, sent = ask(cookie, cookie=f"a=1; session={good}; b=2")
    assert (status(answer), b"cookie: a=1; b=2\r\n" in sent) == (200, True)
    assert b"cookie" not in ask(cookie, cookie=f"session={good}")[1]
    assert status(ask(cookie, cookie="a=1")[0]) == 401

    query = dialogue(BEARER | {"place": "query", "name": "access_token"})
    assert status(ask(query, path=f"/?access_token={good}")[0]) == 200
    assert status(ask(query, path="/?access_token=")[0]) == 401


def test_several_tokens_are_refused_an_endpoint_might_read_the_other_one():
    good = token()
    cookie = dialogue(BEARER | {"place": "cookie", "name": "session"})
    assert b"more than one token" in ask(cookie, cookie=f"session={good}; session=other")[0]
    query = dialogue(BEARER | {"place": "query", "name": "t"})
    assert b"more than one token" in ask(query, path=f"/?t={good}&%74=other")[0]


CLAIMS = [{"claim": "sub", "header": "X-User"}, {"claim": "roles", "header": "X-Roles"}]


def test_endpoints_are_told_claims_and_nothing_that_a_client_wrote_there():
    talk = dialogue(BEARER | {"claims": CLAIMS})
    spoofed = (
        b"GET / HTTP/1.1\r\nHost: www.example.com\r\nX-User: root\r\nx-user: root\r\nX_User: root\r\nX_ROLES: root\r\n"
        b"Connection: x-user\r\nX-Other_User: stays\r\nAuthorization: Bearer %b\r\n\r\n"
    )
    answer, sent = ask(talk, data=spoofed % token(sub="alice").encode())
    assert status(answer) == 200
    assert b"x-user: alice\r\n" in sent
    assert b"root" not in sent
    assert b"roles" not in sent.lower()
    assert b"x-other_user: stays\r\n" in sent


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("alice", b"alice"),
        ("bøb", "bøb".encode()),
        (["a", "b c"], b"a,b c"),
        (["a,b"], b'["a,b"]'),
        (7, b"7"),
        (True, b"true"),
        ({"a": [1]}, b'{"a":[1]}'),
    ],
)
def test_claims_of_all_kinds_can_be_told(value, told):
    _, sent = ask(dialogue(BEARER | {"claims": CLAIMS}), **bearer(token(roles=value)))
    assert b"x-roles: " + told + b"\r\n" in sent


@pytest.mark.parametrize("value", ["a\r\nX-User: root", "a\nb", "a\0", " a", "x" * 5000, "\x7f"])
def test_a_claim_that_cannot_stand_in_a_header_is_refused(value):
    answer, sent = ask(dialogue(BEARER | {"claims": CLAIMS}), **bearer(token(sub=value)))
    assert (status(answer), sent) == (401, b"")


def test_a_token_is_verified_once_and_ends_when_it_says():
    talk = dialogue(BEARER)
    good = bearer(token(exp=NOW + 100))
    talk.loop.advance(NOW - talk.path.unix())
    verified = []
    [gate] = [handlers.gate for handlers in talk.path.snapshot.applications["a1"].handlers.values()]
    verify = gate._verifier.verify
    gate._verifier.verify = lambda *given: (verified.append(1), verify(*given))[1]
    assert [status(ask(talk, **good)[0]) for _ in range(3)] == [200] * 3
    assert len(verified) == 1
    talk.wait(99)
    assert status(ask(talk, **good)[0]) == 200
    talk.wait(1)
    assert status(ask(talk, **good)[0]) == 401
    longer = bearer(token(exp=NOW + 10_000))
    for _ in range(2):
        assert status(ask(talk, **longer)[0]) == 200
        talk.wait(GOOD_FOR)
    assert len(verified) == 4


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST"])
def test_no_method_passes_by(method):
    assert status(ask(dialogue(BEARER), method=method)[0]) == 401


def test_a_websocket_does_not_pass_by_and_is_told_of():
    upgrade = {"Connection": "upgrade", "Upgrade": "websocket", "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    upgrade["Sec_WebSocket_Version"] = "13"
    talk = dialogue(BEARER | {"claims": CLAIMS})
    assert ask(talk, **upgrade)[1] == b""
    client = talk.client()
    client.says(request(**upgrade, **bearer(token(sub="alice")), x_user="root"))
    sent = talk.accepts().hears()
    assert b"x-user: alice\r\n" in sent
    assert b"root" not in sent


def test_answers_to_whoever_showed_a_token_are_not_stored_for_others():
    talk = dialogue(BEARER | {"place": "cookie", "name": "s"}, {"type": "cache", "ttl": 60, "override": True})
    for _ in range(2):
        assert status(ask(talk, cookie=f"s={token()}")[0]) == 200
    assert talk.path.counters.cache == {"bypass": 2}


def test_no_token_reaches_the_access_log(tmp_path):
    log = tmp_path / "access.log"
    good = token()
    talk = Dialogue(dialogue(BEARER | {"place": "query", "name": "t"}).path.snapshot, access_log=str(log))
    ask(talk, path=f"/?t={good}")
    ask(talk, path=f"/?t={good}x")
    talk.path.access_log.flush()
    assert log.read_text().count("\n") == 2
    assert good[-40:] not in log.read_text()


# Secrets


def test_a_secret_is_opened_with_the_key_of_its_application():
    key = bytes(range(32))
    rule = {
        "type": "jwt-auth",
        "algorithms": ["HS256"],
        "secret": ApplicationCipher("a1", key).seal(SECRET),
    }
    given = content("10.0.0.1:80", rules=[{"actions": [rule, PROXY]}])
    keys = application_key.encode(application_key.ApplicationKey("a1", key))
    entry = KeyEntry("a1", document.hash_of(keys))
    with_key = msgspec.structs.replace(
        given,
        manifest=msgspec.structs.replace(given.manifest, keys=(entry,)),
        documents={**given.documents, entry.hash: keys},
    )
    served, refused = snapshots.build(None, with_key)
    assert not refused
    talk = Dialogue(served)
    assert status(ask(talk, **bearer(signed({"exp": NOW + 600}, SECRET)))[0]) == 200
    assert status(ask(talk, **bearer(signed({"exp": NOW + 600}, SECRET[::-1])))[0]) == 401
    assert SECRET not in json.dumps(served.describe())
    assert snapshots.build(None, given)[1] == {
        "a1": "rule r0: a rule has a secret, and the key that opens it is missing"
    }


# Keys at a URL


def answer_of(*keys, code=200):
    text = json.dumps({"keys": list(keys)}).encode()
    return b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (code, len(text), text)


def fetches(talk, answer):
    """The gateway asks for the keys and gets `answer`; what it asked with."""
    assert talk.connects() == ("id.example", 8000)
    side = talk.accepts()
    asked = side.hears()
    side.says(answer)
    return asked


def test_keys_are_fetched_by_the_first_token_that_needs_them():
    talk = dialogue(AT_URL)
    clients = [talk.client() for _ in range(3)]
    for client in clients[:2]:
        client.says(request(**bearer(token(kid="a"))))
    clients[2].says(request(**bearer(token(rsa_key(1), kid="a"))))
    clients[1].resets()
    asked = fetches(talk, answer_of(jwk(rsa_key(), kid="a")))
    assert asked.startswith(b"GET /keys?a=b HTTP/1.1\r\nhost: id.example:8000\r\n")
    assert status(clients[2].hears()) == 401
    talk.accepts().says(CLOSING)
    assert status(clients[0].hears()) == 200
    assert talk.connecting == []
    assert status(ask(talk, **bearer(token(kid="a", sub="b")))[0]) == 200


@pytest.mark.parametrize(
    "answer",
    [
        answer_of(jwk(rsa_key()), code=302),
        answer_of(jwk(rsa_key()), code=404),
        answer_of(),
        answer_of({"kty": "oct", "k": "AAAA"}),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{]",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1) + b"x" * (LARGEST + 1),
        b"SMTP\r\n\r\n",
    ],
)
def test_while_there_are_no_keys_nobody_is_let_in_and_they_are_not_asked_for_again_at_once(answer):
    talk = dialogue(AT_URL)
    client = talk.client()
    client.says(request(**bearer(token())))
    fetches(talk, answer)
    assert status(client.hears()) == 503
    refusal = ask(talk, **bearer(token()))[0]
    assert (status(refusal), field(refusal, b"retry-after")) == (503, b"%d" % RETRY)
    talk.wait(RETRY)
    client.says(request(**bearer(token())))
    fetches(talk, answer_of(jwk(rsa_key())))
    talk.accepts().says(OK)
    assert status(client.hears()) == 200


def test_keys_that_do_not_come_in_time_are_given_up():
    talk = dialogue(AT_URL)
    client = talk.client()
    client.says(request(**bearer(token())))
    side = talk.accepts()
    talk.wait(PATIENCE)
    assert status(client.hears()) == 503
    assert side.closed


def known(talk, *keys):
    client = talk.client()
    client.says(request(**bearer("a.b.c")))
    fetches(talk, answer_of(*keys))
    assert status(client.hears()) == 401


def test_a_new_key_is_fetched_when_a_token_names_it_and_strangers_cannot_make_us_fetch_more():
    talk = dialogue(AT_URL)
    known(talk, jwk(rsa_key(), kid="old"))
    new = bearer(token(rsa_key(1), kid="new"))
    assert status(ask(talk, **new)[0]) == 401
    talk.wait(SPACING)
    client = talk.client()
    client.says(request(**new))
    fetches(talk, answer_of(jwk(rsa_key(1), kid="new")))
    talk.accepts().says(OK)
    assert status(client.hears()) == 200
    for number in range(5):
        assert status(ask(talk, **bearer(token(kid=f"made up {number}")))[0]) == 401
    assert talk.connecting == []


def test_a_key_that_was_taken_out_of_the_set_counts_no_more():
    talk = dialogue(AT_URL)
    known(talk, jwk(rsa_key(), kid="old"))
    old = bearer(token(kid="old", exp=NOW + 10_000))
    assert status(ask(talk, **old)[0]) == 200
    talk.wait(FRESH)
    client = talk.client()
    client.says(request(**old))
    fetching, pod = talk.accepts(), talk.accepts()
    pod.says(OK)
    assert status(client.hears()) == 200  # it did not wait
    fetching.says(answer_of(jwk(rsa_key(1), kid="new")))
    assert status(ask(talk, **old)[0]) == 401


def test_the_last_good_keys_stay_when_they_cannot_be_fetched_anew():
    talk = dialogue(AT_URL)
    known(talk, jwk(rsa_key()))
    talk.wait(FRESH)
    client = talk.client()
    client.says(request(**bearer(token(exp=NOW + 10_000))))
    talk.refuses()
    talk.accepts().says(OK)
    assert (status(answer := client.hears()), body(answer)) == (200, b"hello")


def test_a_key_is_used_for_its_own_algorithm_only():
    talk = dialogue(AT_URL | {"algorithms": ["RS256", "PS256"]})
    known(talk, jwk(rsa_key(), alg="PS256"))
    assert status(ask(talk, **bearer(token()))[0]) == 401
    good = signed({"exp": NOW + 600}, rsa_key(), "PS256")
    assert status(ask(talk, **bearer(good))[0]) == 200


def test_a_client_that_leaves_while_keys_are_fetched_is_forgotten():
    talk = dialogue(AT_URL)
    client = talk.client()
    client.says(request(**bearer(token())))
    client.resets()
    fetches(talk, answer_of(jwk(rsa_key())))
    assert talk.connecting == []


def test_a_set_at_https_is_fetched_over_tls_for_its_name():
    talk = dialogue(AT_URL | {"jwks_url": "https://id.example/keys"})
    client = talk.client()
    client.says(request(**bearer(token())))
    [connection] = talk.connecting
    assert connection.origin.address == ("id.example", 443)
    assert (connection.tls.server_name, connection.tls.verify, connection.tls.ca_certificate) == (
        "id.example",
        True,
        "",
    )
    fetching = talk.accepts()
    assert fetching.hears().startswith(b"GET /keys HTTP/1.1\r\nhost: id.example\r\n")
    fetching.says(answer_of(jwk(rsa_key())))
    talk.accepts().says(OK)
    assert status(client.hears()) == 200


async def test_a_worker_fetches_keys_from_a_server():
    async def keys(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer_of(jwk(rsa_key(), kid="a")))
        await writer.drain()

    async with endpoint(keys) as at, endpoint(pod) as address, worker(address) as (running, port):
        rules = [{"actions": [AT_URL | {"jwks_url": f"http://{at}/keys"}, PROXY]}]
        running.serving.apply(content(address, rules=rules, number=2))
        for kid, code in (("a", 200), ("b", 401)):
            good = bearer(token(kid=kid, exp=int(time.time()) + 60))
            assert status(await answer_to(port, request(**good))) == code
