import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.gateway.tokens.keys import read
from tests.gateway.tokens.signing import ec_key, jwk, rsa_key


def kinds(*entries):
    return [(key.id, key.algorithm) for key in read(json.dumps({"keys": entries}).encode())]


def test_the_keys_of_a_set_are_read():
    assert kinds(jwk(rsa_key(), kid="a", use="sig", alg="PS256"), jwk(ec_key("P-384"))) == [("a", "PS256"), ("", "")]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        None,
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": 1, "e": []},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["RSA"]},
        jwk(rsa_key(), use="enc"),
    ],
)
def test_what_is_no_key_for_signatures_is_left_out_and_the_others_stay(entry):
    assert kinds(entry, jwk(rsa_key(), kid="a"))[-1] == ("a", "")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 1}', b"\xff", b"[" * 9000, b"<html>"])
def test_what_is_no_set_has_no_keys(body):
    assert read(body) == []


def test_a_set_may_be_large_but_has_a_bound():
    assert len(kinds(*[jwk(rsa_key(), kid=str(n)) for n in range(120)])) == 100


FIELDS = st.dictionaries(
    st.sampled_from(["kty", "kid", "alg", "use", "n", "e", "d", "crv", "x", "y", "k"]),
    st.none()
    | st.integers()
    | st.lists(st.text(max_size=2))
    | st.sampled_from(["RSA", "EC", "P-256", "sig", "AQAB", "AA", "é"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FIELDS | st.integers() | st.text(max_size=3), max_size=3))
def test_whatever_stands_in_a_set_is_read_without_an_error(entries):
    assert len(read(json.dumps({"keys": entries}).encode())) <= len(entries)
