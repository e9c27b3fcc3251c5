"""What is secret in page rules: written, kept, and never shown.

The road of a secret. It comes in a body, in clear. Before anything is stored it becomes what is kept of it: a
password its hash (`edge.rules.passwords`). A body that leaves it out keeps the one that is there: GET shows none, so
that what was read can be written back. Drafts, releases and gateways have what is kept; views of rules, changes and
errors have nothing of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from random import Random
from typing import TypeVar

import msgspec

from edge.admin.errors import Invalid
from edge.model.actions import Action, BasicAuth, BasicUser
from edge.rules import passwords
from edge.rules.checks.authentication import password_problem

A = TypeVar("A", bound=Action)

AT_ONCE = 100
"""Passwords that one body may set: each takes 0.15 s to hash."""


def hidden(action: Action) -> Action:
    """The action without what is secret in it."""
    if isinstance(action, BasicAuth):
        return msgspec.structs.replace(action, users=tuple(BasicUser(user.name) for user in action.users))
    return action


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


def kept(actions: Iterable[Action], stored: Sequence[Action]) -> list[Action]:
    """The actions with what they leave out taken from the rule's stored ones."""
    result: list[Action] = []
    for action in actions:
        if isinstance(action, BasicAuth):
            before = _nearest(action, [old for old in stored if isinstance(old, BasicAuth)], result)
            result.append(
                msgspec.structs.replace(action, users=tuple(_kept_user(user, before) for user in action.users))
            )
        else:
            result.append(action)
    return result


def _nearest(action: BasicAuth, stored: list[BasicAuth], written: list[Action]) -> list[BasicAuth]:
    """The stored actions, most alike first: of the same realm, then in the same place among those of this kind."""
    here = sum(isinstance(other, BasicAuth) for other in written)
    ranked = sorted(enumerate(stored), key=lambda old: (old[1].realm != action.realm, abs(old[0] - here)))
    return [old for _, old in ranked]


def _kept_user(user: BasicUser, before: list[BasicAuth]) -> BasicUser:
    if user.password:
        return user
    stored = (old for action in before for old in action.users if old.name == user.name)
    return next(stored, user)
