"""What is secret in page rules: written, kept, and never shown.

The road of a secret. It comes in a body, in clear. Before anything is stored it becomes what is kept of it: a
password its hash (`edge.rules.passwords`), the secret of tokens, which gateways need in clear, is sealed with its
application's key (`edge.admin.applications.keys`). A body that leaves it out keeps the one that is there: GET shows
none, so that what was read can be written back. Drafts, releases and gateways have what is kept; views of rules,
changes and errors have nothing of it but a mark that changes with it, so that who read the rule before can know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from random import Random
from typing import TypeVar

import msgspec

from edge.admin import service
from edge.admin.errors import Invalid
from edge.model.actions import Action, BasicAuth, BasicUser, JwtAuth
from edge.rules import passwords
from edge.rules.checks.authentication import password_problem
from edge.rules.checks.tokens import secret_problem
from edge.rules.public_keys import SHORTEST_SECRET
from edge.sealing import ApplicationCipher

A = TypeVar("A", BasicAuth, JwtAuth)

AT_ONCE = 100
"""Passwords that one body may set: each takes 0.15 s to hash."""


def hidden(action: Action) -> Action:
    """The action without what is secret in it."""
    if isinstance(action, BasicAuth):
        return msgspec.structs.replace(action, users=tuple(BasicUser(user.name) for user in action.users))
    if isinstance(action, JwtAuth):
        return msgspec.structs.replace(action, secret="")
    return action


def mark(actions: Iterable[Action]) -> str:
    """Changes when a secret of the actions is written, or moves; empty without any."""
    kept: list[str] = []
    for place, action in enumerate(actions):
        if isinstance(action, BasicAuth):
            kept += [f"{place} {user.name} {user.password}" for user in action.users]
        elif isinstance(action, JwtAuth) and action.secret:
            kept.append(f"{place} {action.secret}")
    return service.mark(*kept)


async def hashed(
    actions: Sequence[Action], hash: Callable[[Callable[[], str]], Awaitable[str]], random: Random
) -> list[Action]:
    """The actions with hashes in place of passwords; `hash` runs one away from the loop. Invalid names the field."""
    result: list[Action] = []
    left = AT_ONCE
    for place, action in enumerate(actions):
        if not isinstance(action, BasicAuth):
            result.append(action)
            continue
        users: list[BasicUser] = []
        for number, user in enumerate(action.users):
            password = user.password
            if password and not passwords.is_hash(password):
                field = f"actions[{place}].users[{number}].password"
                left -= 1
                if left < 0:
                    raise Invalid(f"at most {AT_ONCE} passwords can be set at once; set the others afterwards", field)
                if problem := password_problem(password):
                    raise Invalid(problem, field)
                salt = random.randbytes(16)
                password = await hash(lambda given=password, salt=salt: passwords.hash_password(given, salt))  # type: ignore[misc]
            users.append(BasicUser(user.name, password))
        result.append(msgspec.structs.replace(action, users=tuple(users)))
    return result


def sealed(actions: Iterable[Action], cipher: Callable[[], ApplicationCipher]) -> list[Action]:
    """The actions with secrets sealed; `cipher` is asked for when there is one."""
    return [
        msgspec.structs.replace(action, secret=cipher().seal(action.secret))
        if isinstance(action, JwtAuth) and action.secret
        else action
        for action in actions
    ]


def check(actions: Sequence[Action], cipher: Callable[[], ApplicationCipher]) -> None:
    """Invalid when a sealed secret is none for its action; it may be an old one for other algorithms."""
    for place, action in enumerate(actions):
        if isinstance(action, JwtAuth) and action.secret:
            problem = secret_problem(cipher().open(action.secret), action.algorithms)
            if problem is not None:
                raise Invalid(problem, f"actions[{place}].secret")


def kept(actions: Iterable[Action], stored: Sequence[Action]) -> list[Action]:
    """The actions with what they leave out taken from the rule's stored ones."""
    result: list[Action] = []
    for action in actions:
        if isinstance(action, BasicAuth):
            alike = _alike(action, stored, result)
            known = [user for old in alike for user in old.users]
            users = tuple(_kept_user(user, known) for user in action.users)
            action = msgspec.structs.replace(action, users=users)
        elif isinstance(action, JwtAuth) and not action.secret and any(map(SHORTEST_SECRET.get, action.algorithms)):
            secrets = [old.secret for old in _alike(action, stored, result) if old.secret]
            action = msgspec.structs.replace(action, secret=next(iter(secrets), ""))
        result.append(action)
    return result


def _alike(action: A, stored: Sequence[Action], written: list[Action]) -> list[A]:
    """The stored actions of this kind, most alike first: of the same realm, then by their place among themselves."""
    same = [old for old in stored if isinstance(old, type(action))]
    here = sum(isinstance(other, type(action)) for other in written)
    ranked = sorted(enumerate(same), key=lambda old: (old[1].realm != action.realm, abs(old[0] - here)))
    return [old for _, old in ranked]


def _kept_user(user: BasicUser, known: list[BasicUser]) -> BasicUser:
    if user.password:
        return user
    return next((old for old in known if old.name == user.name), user)
