"""What is wrong with an action that verifies tokens. Secrets are in no message."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from edge.model.actions import JwtAuth
from edge.rules import limits, names, public_keys
from edge.rules.checks.authentication import check_realm, header_problem
from edge.rules.problem import Problem, shown
from edge.sealing import SEALED

KEYS = 8
"""Public keys of one action: each may be tried for each token."""
LEEWAY = 300
"""Seconds that clocks may differ by."""


def check_jwt_auth(action: JwtAuth) -> Iterator[Problem]:
    families = dict.fromkeys(map(public_keys.family, action.algorithms))
    if not families:
        yield Problem("algorithms", "jwt-auth needs at least one algorithm, such as RS256")
    if len(families) > 1:
        yield Problem(
            "algorithms",
            "algorithms of different kinds cannot share keys: name HS…, or RS… and PS…, or ES… ones",
        )
    if len(families) == 1:
        yield from _check_keys(action, "HS" in families)
    yield from _check_claims(action)
    yield from _check_place(action)
    yield from check_realm(action.realm)
    if not 0 <= action.leeway <= LEEWAY:
        yield Problem("leeway", f"expected seconds from 0 to {LEEWAY}, but got {action.leeway}")


def _check_keys(action: JwtAuth, symmetric: bool) -> Iterator[Problem]:
    if symmetric:
        if action.public_keys or action.jwks_url:
            wrong = "public_keys" if action.public_keys else "jwks_url"
            yield Problem(wrong, "HS algorithms sign with a secret; a public key in its place would be known to all")
        if not action.secret:
            yield Problem("secret", "HS algorithms need the secret that tokens are signed with")
        elif not action.secret.startswith(SEALED):
            yield Problem("secret", "the secret is not sealed")
        return
    if action.secret:
        yield Problem("secret", "a secret is for HS algorithms only; leave it out")
    if bool(action.public_keys) == bool(action.jwks_url):
        yield Problem("public_keys", "these algorithms need public_keys, or a jwks_url where they are, and not both")
    if action.public_keys:
        yield from _check_public_keys(action)
    if action.jwks_url and (problem := url_problem(action.jwks_url)):
        yield Problem("jwks_url", problem)


def _check_public_keys(action: JwtAuth) -> Iterator[Problem]:
    if len(action.public_keys) > limits.BODY:
        yield Problem("public_keys", f"expected at most {limits.BODY} characters, but got {len(action.public_keys)}")
        return
    try:
        keys = public_keys.parse(action.public_keys)
    except ValueError as error:
        yield Problem("public_keys", str(error))
        return
    if len(keys) > KEYS:
        yield Problem("public_keys", f"expected at most {KEYS} keys, but got {len(keys)}")
    for number, key in enumerate(keys, 1):
        if not any(public_keys.fits(key, algorithm) for algorithm in action.algorithms):
            algorithms = " and ".join(action.algorithms)
            yield Problem("public_keys", f"key {number} is none for {algorithms} (or has less than 2048 bits)")


def url_problem(url: str) -> str | None:
    """What is wrong with the URL of a key set."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"expected a URL like https://www.example.com/keys, but got {shown(url)}"
    if len(url) > limits.VALUE or not url.isascii() or any(c <= " " or c in '"<>\\^`{|}\x7f' for c in url):
        return "expected a URL of ASCII without spaces, percent-encoded"
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        return f"expected a URL like https://www.example.com/keys, but got {shown(url)}"
    if "@" in parts.netloc or "#" in url:
        return "a user, a password or a fragment cannot stand in this URL"
    return None


def _check_claims(action: JwtAuth) -> Iterator[Problem]:
    for field, texts in (("audience", action.audience), ("required", action.required)):
        if len(texts) > limits.ENTRIES:
            yield Problem(field, f"expected at most {limits.ENTRIES} of them, but got {len(texts)}")
        for index, text in enumerate(texts[: limits.ENTRIES]):
            if not 1 <= len(text) <= limits.NAME:
                yield Problem(f"{field}[{index}]", f"expected 1 to {limits.NAME} characters, but got {len(text)}")
    if len(action.issuer) > limits.NAME:
        yield Problem("issuer", f"expected at most {limits.NAME} characters, but got {len(action.issuer)}")
    if len(action.claims) > limits.ENTRIES:
        yield Problem("claims", f"expected at most {limits.ENTRIES} of them, but got {len(action.claims)}")
    headers: dict[str, None] = {}
    for index, pair in enumerate(action.claims[: limits.ENTRIES]):
        if not 1 <= len(pair.claim) <= limits.NAME:
            yield Problem(f"claims[{index}].claim", f"expected 1 to {limits.NAME} characters")
        header = pair.header.lower()
        if problem := header_problem(pair.header):
            yield Problem(f"claims[{index}].header", problem)
        if header in headers:
            yield Problem(f"claims[{index}].header", f"{shown(pair.header)} is there twice")
        headers[header] = None


def _check_place(action: JwtAuth) -> Iterator[Problem]:
    if action.place == "header":
        if problem := header_problem(action.name):
            yield Problem("name", problem)
    elif not 1 <= len(action.name) <= limits.NAME or not names.is_header_name(action.name.lower()):
        yield Problem("name", f"{shown(action.name)} cannot be the name of a {action.place}")
    if action.place == "query" and not action.forward:
        yield Problem("forward", "a token in the query string goes on with it; forward must be true")


def secret_problem(secret: str, algorithms: tuple[str, ...]) -> str | None:
    """What is wrong with a secret before it is sealed."""
    least = max((public_keys.SHORTEST_SECRET.get(algorithm, 0) for algorithm in algorithms), default=0)
    if "-----BEGIN" in secret:
        return "this is a key in PEM form: HS algorithms take a secret, and public keys are no secret"
    if len(secret.encode()) < least or len(secret) > limits.VALUE:
        return f"the secret has {least} to {limits.VALUE} bytes for these algorithms (RFC 7518 3.2)"
    return None
