"""Tokens of service accounts: their claims, and that nobody else can make them."""

from __future__ import annotations

import base64
import json
from random import Random
from typing import Any

import pytest

from simulator.access.tokens import TokenIssuer

ACCOUNT = {"metadata": {"namespace": "default", "name": "reader", "uid": "u-1"}}


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_a_bound_token_says_whose_it_is_for_whom_and_how_long() -> None:
    issuer = TokenIssuer(Random(1))
    token = issuer.bound(ACCOUNT, 1000, 600, audiences=["vault"], reference={"kind": "Pod", "name": "p", "uid": "u-2"})
    found = issuer.read(token)
    assert found is not None
    assert (found["aud"], found["iat"], found["exp"], found["sub"]) == (
        ["vault"], 1000, 1600, "system:serviceaccount:default:reader",
    )  # fmt: skip
    assert found["kubernetes.io"] == {
        "namespace": "default",
        "serviceaccount": {"name": "reader", "uid": "u-1"},
        "pod": {"name": "p", "uid": "u-2"},
    }


def test_ids_come_from_the_seed_and_signatures_do_not() -> None:
    one, other = (TokenIssuer(Random(7)).bound(ACCOUNT, 1000, 600) for _ in range(2))
    assert claims(one) == claims(other)
    assert one != other


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"),
        lambda token: ".".join([token.split(".")[0], token.split(".")[1][::-1], token.split(".")[2]]),
        lambda token: token.rpartition(".")[0],
        lambda token: f"{token}.x",
        lambda token: "",
        lambda token: "é.é.é",
    ],
)
def test_a_token_that_was_changed_is_no_token(change: Any) -> None:
    issuer = TokenIssuer(Random(1))
    assert issuer.read(change(issuer.bound(ACCOUNT, 1000, 600))) is None


def test_anothers_token_is_no_token() -> None:
    assert TokenIssuer(Random(1)).read(TokenIssuer(Random(1)).bound(ACCOUNT, 1000, 600)) is None


def test_a_secrets_token_names_the_secret_and_does_not_end() -> None:
    issuer = TokenIssuer(Random(1))
    found = issuer.read(issuer.legacy(ACCOUNT, {"metadata": {"name": "reader-token"}}))
    assert found is not None
    assert found["kubernetes.io/serviceaccount/secret.name"] == "reader-token"
    assert "exp" not in found
