"""Tokens: what makes them good, and what ends them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from simulator.access.authentication import ADMIN, Authenticator
from simulator.access.tokens import TokenIssuer
from simulator.access.users import ANONYMOUS
from simulator.errors import ApiError
from simulator.kinds.table import RESOURCES
from simulator.store.store import Store

ACCOUNTS, SECRETS = RESOURCES.of("v1", "ServiceAccount"), RESOURCES.of("v1", "Secret")


class World:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
        self.store = Store(self, random.Random(1))
        self.issuer = TokenIssuer()
        self.authenticator = Authenticator(self.store, self.issuer, self)
        self.account = self.store.create(ACCOUNTS, {"metadata": {"name": "reader", "namespace": "default"}})

    def now(self) -> datetime:
        return self.moment

    def token(self, seconds: int = 3600, **more: object) -> str:
        return self.issuer.bound(self.account, int(self.moment.timestamp()), seconds, **more)  # type: ignore[arg-type]

    def legacy(self) -> str:
        metadata = {"name": "reader-token", "namespace": "default"}
        secret = self.store.create(SECRETS, {"metadata": metadata, "type": "kubernetes.io/service-account-token"})
        return self.issuer.legacy(self.account, secret)

    def who(self, token: str) -> str:
        try:
            return self.authenticator.authenticate(f"Bearer {token}").name
        except ApiError as error:
            return "refused" if error.code == 401 else f"an error {error.code}"


READER = "system:serviceaccount:default:reader"


def test_a_requested_token_is_its_account_until_it_expires() -> None:
    world = World()
    token = world.token(600)
    assert world.who(token) == READER
    world.moment += timedelta(seconds=601)
    assert world.who(token) == "refused"


def test_the_account_is_in_its_groups() -> None:
    world = World()
    groups = world.authenticator.authenticate(f"Bearer {world.token()}").groups
    assert groups == ("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated")


def test_a_deleted_account_goes_on_for_ten_seconds_and_no_longer() -> None:
    world = World()
    token = world.token()
    assert world.who(token) == READER
    world.store.delete(ACCOUNTS, "default", "reader")
    world.moment += timedelta(seconds=9)
    assert world.who(token) == READER
    world.moment += timedelta(seconds=2)
    assert world.who(token) == "refused"


def test_a_recreated_account_is_not_the_old_one() -> None:
    world = World()
    token = world.token()
    world.store.delete(ACCOUNTS, "default", "reader")
    world.store.create(ACCOUNTS, {"metadata": {"name": "reader", "namespace": "default"}})
    assert world.who(token) == "refused"


def test_a_secrets_token_lives_with_its_secret() -> None:
    world = World()
    token = world.legacy()
    world.moment += timedelta(days=3000)
    assert world.who(token) == READER
    world.store.delete(SECRETS, "default", "reader-token")
    world.moment += timedelta(seconds=11)
    assert world.who(token) == "refused"


def test_revocation_ends_what_was_issued_and_not_what_comes_after() -> None:
    world = World()
    old, secret = world.token(), world.legacy()
    world.authenticator.revoke("default", "reader", at_once=True)
    assert world.who(old) == world.who(secret) == "refused"
    world.moment += timedelta(seconds=1)
    assert world.who(world.token()) == READER


def test_a_token_for_another_audience_is_refused() -> None:
    world = World()
    assert world.who(world.token(audiences=["vault"])) == "refused"


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "..", "é", "e30.e30.AAAA", "\udcff"])
def test_nonsense_is_refused_and_never_an_error(token: str) -> None:
    assert World().who(token) == "refused"


def test_a_changed_token_is_refused() -> None:
    world = World()
    head, claims, signature = world.token().split(".")
    assert world.who(f"{head}.{claims[:-2]}AA.{signature}") == "refused"
    assert world.who(TokenIssuer().bound(world.account, int(world.moment.timestamp()), 600)) == "refused"


def test_static_tokens_and_nobody() -> None:
    world = World()
    world.authenticator.add_static("secret", ADMIN)
    assert world.authenticator.authenticate("Bearer secret") == ADMIN
    assert world.authenticator.authenticate("") == ANONYMOUS
