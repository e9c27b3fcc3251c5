"""What is wrong with an action that asks who a client is. Secrets are in no message."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from edge.model.actions import BasicAuth, BasicUser, ForwardAuth
from edge.rules import limits, names, passwords
from edge.rules.checks.headers import FRAMING
from edge.rules.problem import Problem, shown

_realm = re.compile(r"[\x20-\x7e]{1,100}\Z").match
_target = re.compile(r"/[\x21\x22\x24-\x7e]*\Z").match
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


def check_forward_auth(action: ForwardAuth, upstreams: Collection[str]) -> Iterator[Problem]:
    """`upstreams` are the ids that exist."""
    if action.upstream not in upstreams:
        yield Problem("upstream", f"the application has no upstream with the id {shown(action.upstream)}")
    if not _target(action.path) or len(action.path) > limits.VALUE:
        yield Problem("path", f"expected a path like /verify, percent-encoded, but got {shown(action.path)}")
    for field, texts in (("request_headers", action.request_headers), ("response_headers", action.response_headers)):
        if len(texts) > limits.ENTRIES:
            yield Problem(field, f"expected at most {limits.ENTRIES} of them, but got {len(texts)}")
        for index, text in enumerate(texts[: limits.ENTRIES]):
            if problem := header_problem(text):
                yield Problem(f"{field}[{index}]", problem)


def header_problem(name: str) -> str | None:
    """What is wrong with a request header that a gate fills in for endpoints, or reads."""
    lower = name.lower()
    if not names.is_header_name(lower) or len(name) > limits.NAME:
        return f"{shown(name)} is not a header name (letters, digits and -, RFC 9110 5.6.2)"
    if "_" in name:
        return f"{shown(name)} has an underscore, which servers take for a -: others could set it, too"
    if lower in FRAMING or lower.startswith("proxy-") or lower in ("host", "via", "expect"):
        return f"{name} is the gateway's own"
    return None


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
