"""Passwords and tokens as what the database keeps of them.

Passwords are guessable, so they get argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane; a hash costs about
30 ms of one thread). Tokens are 32 random bytes, so one SHA-256 is enough and lets a row be found by it.
"""

from __future__ import annotations

import base64
import hashlib
import random

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

TOKEN_PREFIX = "edge_"  # noqa: S105 - no secret: it lets secret scanners recognise one

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# well-formed, so that comparing with it costs what every comparison costs; of no password: it is never right
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$" + "A" * 22 + "$" + "A" * 43


def hash_password(password: str) -> str:
    """The argon2id hash, with its parameters and salt."""
    return _hasher.hash(password)


def verify_password(hashed: str | None, password: str) -> bool:
    """Whether `password` is the one. Without a hash (no such user) it takes as long and is False."""
    try:
        return _hasher.verify(_NOBODY if hashed is None else hashed, password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token(random: random.Random, prefix: str = TOKEN_PREFIX) -> str:
    """A new secret of 32 random bytes, base64url. `random` is a SystemRandom outside of tests."""
    return prefix + base64.urlsafe_b64encode(random.randbytes(32)).rstrip(b"=").decode()


def hash_token(token: str) -> str:
    """SHA-256 of a token, 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
