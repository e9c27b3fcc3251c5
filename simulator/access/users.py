"""A request's user, as authentication found it or impersonation set it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ACCOUNT_PREFIX = "system:serviceaccount:"


class User(NamedTuple):
    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = {}

    def as_json(self) -> dict[str, object]:
        """The ``userInfo`` of reviews."""
        info: dict[str, object] = {"username": self.name}
        if self.uid:
            info["uid"] = self.uid
        info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra.items()}
        return info


ANONYMOUS = User("system:anonymous", "", (UNAUTHENTICATED,))


def service_account(namespace: str, name: str, uid: str = "", credential: str = "") -> User:
    """The user that a ServiceAccount's token stands for; ``credential`` is the id of a bound token."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    extra = {"authentication.kubernetes.io/credential-id": (f"JTI={credential}",)} if credential else {}
    return User(f"{ACCOUNT_PREFIX}{namespace}:{name}", uid, groups, extra)


def account_of(name: str) -> tuple[str, str] | None:
    """``(namespace, name)`` when a user name is a ServiceAccount's."""
    namespace, colon, account = name.removeprefix(ACCOUNT_PREFIX).partition(":")
    if not name.startswith(ACCOUNT_PREFIX) or not colon or not namespace or not account or ":" in account:
        return None
    return namespace, account
