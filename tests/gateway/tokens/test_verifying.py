import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.gateway.tokens.keys import fixed
from edge.gateway.tokens.verifying import LONGEST, TokenError, UnknownKeyError, Verifier
from edge.model.actions import JwtAuth
from tests.gateway.tokens.signing import SECRET, ec_key, encoded, forged, pem, rsa_key, signed

NOW = 1_000_000.0
GOOD = {"sub": "alice", "exp": NOW + 60}


def verifier(*algorithms, secret=SECRET, **given):
    algorithms = algorithms or ("HS256",)
    action = JwtAuth(algorithms, **given)
    return Verifier(action, fixed(action, secret if algorithms[0].startswith("HS") else ""))


def refused(token, *algorithms, **given):
    with pytest.raises(TokenError) as error:
        verifier(*algorithms, **given).verify(token, NOW)
    return str(error.value)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        *((name, SECRET) for name in ("HS256", "HS384", "HS512")),
        *((name, rsa_key()) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        ("ES256", ec_key("P-256")),
        ("ES384", ec_key("P-384")),
        ("ES512", ec_key("P-521")),
    ],
)
def test_a_token_is_verified_with_its_key_and_with_no_other(algorithm, key):
    token = signed(GOOD, key, algorithm)
    public = {} if key is SECRET else {"public_keys": pem(key)}
    claims = verifier(algorithm, **public).verify(token, NOW)
    assert (claims.values, claims.until) == (GOOD, NOW + 60)
    other = {"secret": SECRET[::-1]} if key is SECRET else {"public_keys": pem(rsa_key(1))}
    if algorithm.startswith("ES"):
        other = {"public_keys": pem(rsa_key()) + pem(ec_key("P-256" if algorithm == "ES384" else "P-384"))}
    assert refused(token, algorithm, **other) == "the token's signature is wrong"


def test_one_of_several_keys_is_enough():
    token = signed(GOOD, rsa_key(), "RS256")
    assert verifier("RS256", "PS256", public_keys=pem(rsa_key(1)) + pem(rsa_key())).verify(token, NOW)


def test_a_public_key_is_never_taken_for_a_secret():
    public = pem(rsa_key())
    header, claims = encoded({"alg": "HS256", "typ": "JWT"}), encoded(GOOD)
    signature = hmac.new(public.encode(), f"{header}.{claims}".encode(), hashlib.sha256).digest()
    token = f"{header}.{claims}.{encoded(signature)}"
    assert refused(token, "RS256", public_keys=public) == "the token's algorithm is not accepted"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS384", "RS256", "ES256", "EdDSA", ["HS256"], None, 1])
def test_no_algorithm_but_those_that_are_named_is_accepted(alg):
    header = {"alg": alg}
    for signature in (b"", b"x"):
        assert refused(f"{encoded(header)}.{encoded(GOOD)}.{encoded(signature)}")


def test_a_key_of_another_kind_verifies_nothing():
    token = signed(GOOD, ec_key(), "ES256")
    assert refused(token, "RS256", public_keys=pem(rsa_key()))
    with pytest.raises(TokenError):  # PS and RS share keys, not signatures
        verifier("PS256", public_keys=pem(rsa_key())).verify(signed(GOOD, rsa_key(), "RS256"), NOW)


def changed(token, part, text):
    parts = token.split(".")
    parts[part] = text(parts[part])
    return ".".join(parts)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: token + " ",
        lambda token: token + "\n",
        lambda token: token + "=",
        lambda token: token + ".",
        lambda token: token + ", " + token,
        lambda token: token.replace(".", "..", 1),
        lambda token: token.rpartition(".")[0],
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: changed(token, 1, lambda text: encoded({"sub": "root", "exp": NOW + 60})),
        lambda token: changed(token, 0, lambda text: encoded({"alg": "HS256", "crit": ["x"], "x": 1})),
        lambda token: changed(token, 0, lambda text: encoded(b"[" * 5000)),
        lambda token: changed(token, 0, lambda text: encoded(b'{"alg":"HS256","x":' + b"[" * 5000)),
        lambda token: changed(token, 0, lambda text: encoded(b"\xff")),
        lambda token: changed(token, 2, lambda text: text[:-1] + chr(ord(text[-1]) ^ 1)),
        lambda token: changed(token, 2, lambda text: "A" + text),
        lambda token: "A" * LONGEST + token,
        lambda token: token.replace("_", "/") if "_" in token else "é" + token,
    ],
)
def test_whatever_was_spoiled_is_refused_with_a_sentence(spoil):
    message = refused(spoil(signed(GOOD)))
    assert message
    assert '"' not in message
    assert message.isascii()


def test_another_spelling_of_the_same_bytes_is_refused():
    token = signed(GOOD)  # 32 bytes of signature: the last character has two bits that mean nothing
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(token[-1]) + 1]
    assert refused(token[:-1] + last) == "it is not a signed token"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({}, "the token lacks a claim that is required"),
        ({"exp": None}, "the token lacks a claim that is required"),
        ({"exp": NOW}, "the token has expired"),
        ({"exp": NOW - 1e300}, "the token has expired"),
        ({"exp": "soon"}, "the token's exp is not a time"),
        ({"exp": True}, "the token's exp is not a time"),
        ({"exp": NOW + 60, "nbf": NOW + 1}, "the token is not valid yet"),
        ({"exp": NOW + 60, "nbf": [NOW]}, "the token's nbf is not a time"),
    ],
)
def test_a_token_is_good_for_its_time_only(claims, message):
    assert refused(forged_with_secret(claims)) == message


def forged_with_secret(claims):
    """Signed rightly; PyJWT itself would not write all of these."""
    header, body = encoded({"alg": "HS256"}), encoded(claims)
    return f"{header}.{body}.{encoded(hmac.new(SECRET.encode(), f'{header}.{body}'.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize("claims", [b'{"exp": NaN}', b'{"exp": 1e999x}', b"[]", b'"x"', b"\xff", b"{", b"[" * 3000])
def test_claims_that_are_no_json_object_are_refused(claims):
    assert refused(forged_with_secret(claims)) == "the token's claims cannot be read"


def test_leeway_is_given_at_both_ends():
    given = verifier(leeway=10)
    assert given.verify(signed({"exp": NOW - 9}), NOW).until == NOW + 1
    assert given.verify(forged_with_secret({"exp": NOW + 60, "nbf": NOW + 10}), NOW)
    with pytest.raises(TokenError):
        given.verify(signed({"exp": NOW - 10}), NOW)


def test_issuer_audience_and_required_claims_are_held_to():
    given = {"issuer": "https://id.example", "audience": ("shop", "api"), "required": ("exp", "sub")}
    good = GOOD | {"iss": "https://id.example", "aud": "shop"}
    assert verifier(**given).verify(signed(good), NOW)
    assert verifier(**given).verify(signed(good | {"aud": ["other", "api"]}), NOW)
    for wrong in ({"iss": "https://id.example/"}, {"aud": "other"}, {"aud": []}, {"aud": ["shops"]}, {"sub": None}):
        assert refused(forged_with_secret(good | wrong), **given)
    for missing in ("iss", "aud", "sub", "exp"):
        assert refused(forged_with_secret({k: v for k, v in good.items() if k != missing}), **given)


def test_a_token_without_an_end_is_good_where_none_is_required():
    assert verifier(required=()).verify(signed({"sub": "a"}), NOW).until == float("inf")


def test_an_unknown_key_is_told_apart():
    def unknown(header):
        raise UnknownKeyError("the token's key is not known")

    with pytest.raises(UnknownKeyError):
        Verifier(JwtAuth(("RS256",)), unknown).verify(forged({"alg": "RS256"}, GOOD), NOW)


PIECES = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40).map(encoded),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["alg", "kid", "exp", "b64", "x"]), inner)
        ),
        max_leaves=6,
    ).map(encoded),
    st.sampled_from(signed(GOOD).split(".")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=5).map(".".join))
def test_whatever_comes_is_a_good_token_or_refused_with_a_sentence(text):
    if text == signed(GOOD):
        assert verifier().verify(text, NOW).values == GOOD
    else:
        assert refused(text)
