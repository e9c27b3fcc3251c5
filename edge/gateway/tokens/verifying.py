"""Is this a token that may be believed (RFC 7519, 7515, 8725)? A text, keys and the time in; its claims out. Pure.

Rules. The algorithm is the one that the action names, never one that only the token asks for; keys are of the kind that
the algorithm wants, so that a public key is never taken for a secret (RFC 8725 3.1). `none` has no name here. A token
with `crit` or `b64` wants something that is not understood here, and is refused. Base64url is read strictly: one token
has one spelling. Nothing of what a token claims is looked at before its signature is found good.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from jwt.algorithms import get_default_algorithms

from edge.model.actions import JwtAuth

if TYPE_CHECKING:
    from jwt.algorithms import Algorithm

LONGEST = 8_192
"""Characters of a token."""
_token = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\Z").match


class TokenError(Exception):
    """A token that is not believed; the message is for whoever sent it, and holds nothing of it."""


class UnknownKeyError(TokenError):
    """It names a key that is not known."""


class Header(msgspec.Struct, frozen=True):
    """What a token says of itself."""

    alg: str
    kid: str | None = None
    crit: Any = None
    b64: Any = None


class Claims(msgspec.Struct, frozen=True):
    """All claims by name, and when the token is over in Unix seconds (infinite, when it does not say)."""

    values: dict[str, Any]
    until: float


FindKeys = Callable[[Header], Iterable[Any]]
"""The keys that may have signed a token with this header, ready for their algorithm. Raises UnknownKeyError."""

_headers = msgspec.json.Decoder(Header)
_claims = msgspec.json.Decoder(dict[str, Any])


class Verifier:
    """Verifies the tokens of one action."""

    def __init__(self, action: JwtAuth, keys: FindKeys) -> None:
        known = get_default_algorithms()
        self._algorithms: dict[str, Algorithm] = {name: known[name] for name in action.algorithms}
        self._keys = keys
        self._issuer = action.issuer
        self._audience = frozenset(action.audience)
        self._required = action.required
        self._leeway = action.leeway

    def __repr__(self) -> str:
        return f"<Verifier {' '.join(self._algorithms)}>"

    def verify(self, token: str, now: float) -> Claims:
        """What the token claims. Raises TokenError."""
        if len(token) > LONGEST:
            raise TokenError("the token is too long")
        parts = _token(token)
        if parts is None:
            raise TokenError("it is not a signed token")
        header = _header(parts[1])
        algorithm = self._algorithms.get(header.alg)
        if algorithm is None:
            raise TokenError("the token's algorithm is not accepted")
        signed, signature = token[: parts.end(2)].encode(), _bytes(parts[3])
        if not any(_is_good(algorithm, signed, key, signature) for key in self._keys(header)):
            raise TokenError("the token's signature is wrong")
        try:
            values = _claims.decode(_bytes(parts[2]))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise TokenError("the token's claims cannot be read") from None
        return Claims(values, self._check(values, now))

    def _check(self, values: dict[str, Any], now: float) -> float:
        if any(values.get(name) is None for name in self._required):
            raise TokenError("the token lacks a claim that is required")
        until = _time(values, "exp", float("inf")) + self._leeway
        if now >= until:
            raise TokenError("the token has expired")
        if now < _time(values, "nbf", 0.0) - self._leeway:
            raise TokenError("the token is not valid yet")
        if self._issuer and values.get("iss") != self._issuer:
            raise TokenError("the token is from another issuer")
        if self._audience:
            named = values.get("aud")
            audience = named if isinstance(named, list) else [named]
            if not any(isinstance(one, str) and one in self._audience for one in audience):
                raise TokenError("the token is for another audience")
        return until


def _header(text: str) -> Header:
    try:
        header = _headers.decode(_bytes(text))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise TokenError("the token's header cannot be read") from None
    if header.crit is not None or header.b64 is not None:
        raise TokenError("the token asks for what is not understood here")
    return header


def _bytes(text: str) -> bytes:
    """Base64url without padding, in its one canonical spelling."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise TokenError("it is not a signed token") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=") != text.encode():
        raise TokenError("it is not a signed token")
    return data


def _is_good(algorithm: Algorithm, signed: bytes, key: Any, signature: bytes) -> bool:
    try:
        return bool(algorithm.verify(signed, key, signature))
    except (ValueError, TypeError):  # a signature that is none of this key's kind
        return False


def _time(values: dict[str, Any], name: str, default: float) -> float:
    value = values.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenError(f"the token's {name} is not a time")
    return float(value)
