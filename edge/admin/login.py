"""Signing in to the console: sessions are opaque random tokens, kept as SHA-256."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import Service

SESSION_SECONDS = 12 * 3600


class Login(Service):
    """Sessions of users."""

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """A new session's token, for a cookie. Unauthorized when name or password are wrong (it does not say which);
        TooManyRequests after too many attempts from `address` or for `name`."""
        raise NotImplementedError

    async def session(self, token: str) -> Actor:
        """Who is signed in; Unauthorized when the session is unknown or over."""
        raise NotImplementedError

    async def sign_out(self, token: str) -> None:
        """End the session; an unknown one is no error."""
        raise NotImplementedError
