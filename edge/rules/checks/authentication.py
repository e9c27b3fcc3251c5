"""What is wrong with an action that asks who a client is. Secrets are in no message."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge.model.actions import BasicAuth, BasicUser
from edge.rules import limits, passwords
from edge.rules.problem import Problem, shown

_realm = re.compile(r"[\x20-\x7e]{1,100}\Z").match
_control = re.compile(r"[\x00-\x1f\x7f]").search
USERS = 1_000
"""Users of one action."""


def check_basic_auth(action: BasicAuth) -> Iterator[Problem]:
    yield from check_realm(action.realm)
    if not action.users:
        yield Problem("users", "basic-auth needs at least one user")
    if len(action.users) > USERS:
        yield Problem("users", f"expected at most {USERS:,} users, but got {len(action.users)}")
    known: dict[str, None] = {}
    for index, user in enumerate(action.users[:USERS]):
        yield from _check_user(f"users[{index}]", user)
        if user.name in known:
            yield Problem(f"users[{index}].name", f"the user {shown(user.name)} is there twice")
        known[user.name] = None


def check_realm(realm: str) -> Iterator[Problem]:
    """What browsers show, and what stands in quotes in WWW-Authenticate."""
    if not _realm(realm) or '"' in realm or "\\" in realm:
        yield Problem("realm", 'expected 1 to 100 characters of ASCII without " and \\, which browsers show')


def _check_user(field: str, user: BasicUser) -> Iterator[Problem]:
    if not user.name or len(user.name) > limits.NAME or ":" in user.name or _control(user.name):
        yield Problem(
            f"{field}.name",
            f"a user has a name of 1 to {limits.NAME} characters, without colon (RFC 7617 2) and control characters",
        )
    if not user.password:
        yield Problem(f"{field}.password", f"the user {shown(user.name)} needs a password")
        return
    try:
        passwords.parse_hash(user.password)
    except ValueError as error:
        yield Problem(f"{field}.password", f"the password of {shown(user.name)} is not kept as a hash: {error}")


def password_problem(password: str) -> str | None:
    """What is wrong with a password before it is hashed."""
    if not 1 <= len(password) <= passwords.LONGEST or _control(password):
        return f"expected a password of 1 to {passwords.LONGEST} characters without control characters (RFC 7617 2)"
    return None
