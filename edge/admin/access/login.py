"""Signing in to the console: sessions are opaque random tokens, kept as SHA-256.

Attempts are limited for each address, for each user from one address, and for each user from everywhere. The last
limit is the widest, so that somebody who guesses at a name from one place cannot easily keep its owner out.

Who fails is logged and in the audit, with the name of a user that exists only: some type their password as the name.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.access.limiter import Limiter
from edge.admin.actor import Actor, role_of
from edge.admin.errors import TooManyRequests, Unauthorized
from edge.admin.service import Service
from edge.store.hashing import hash_token, new_token, verify_password
from edge.store.tables import SessionRow, UserRow

if TYPE_CHECKING:
    from edge.admin.admin import Admin

SESSION_SECONDS = 12 * 3600
WINDOW = 300.0
RECORDED = 100
"""Failures that the audit takes in a window: strangers cannot fill the database. The log tells of all."""

log = structlog.get_logger("edge.admin.login")
_NOBODY = Actor(kind="system", id="sign-in", name="sign-in", role="viewer")


class Login(Service):
    """Sessions of users."""

    def __init__(self, admin: Admin) -> None:
        super().__init__(admin)
        self._by_address = Limiter(30, WINDOW)
        self._by_pair = Limiter(10, WINDOW)
        self._by_name = Limiter(100, WINDOW)
        self._recorded = Limiter(RECORDED, WINDOW)

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """A new session's token, for a cookie. Unauthorized when name or password are wrong (it does not say which);
        TooManyRequests after too many attempts from `address` or for `name`."""
        name = name[:200]
        self._limit(name, address)
        row = await self._work(lambda session: session.scalar(select(UserRow).where(UserRow.name == name)))
        hashed = row.password_hash if row is not None else None
        right = len(password) <= 1000 and await self._admin.hash(lambda: verify_password(hashed, password))
        if not right or row is None:
            await self._tell(row, address)
            raise Unauthorized("the name or the password is wrong")
        self._by_pair.forgive(f"{address} {name}")
        self._by_name.forgive(name)
        token = new_token(self._admin.random, "")
        await self._work(lambda session: self._begin(session, row, hash_token(token), address))
        return token

    def _limit(self, name: str, address: str) -> None:
        now = clock.unix()
        wait = max(
            self._by_address.attempt(address, now),
            self._by_pair.attempt(f"{address} {name}", now),
            self._by_name.attempt(name, now),
        )
        if wait > 0:
            raise TooManyRequests(f"too many attempts to sign in; try again in {math.ceil(wait / 60)} min")

    async def _tell(self, row: UserRow | None, address: str) -> None:
        log.warning("a sign-in failed", user=None if row is None else row.name, address=address)
        if self._recorded.attempt("", clock.unix()) == 0:
            target = "an unknown user" if row is None else f'user "{row.name}"'
            line = ("fail to sign in", target, f"from {address}")
            await self._work(lambda session: self._audit(session, _NOBODY, *line))

    def _begin(self, session: Session, row: UserRow, hashed: str, address: str) -> None:
        now = clock.now()
        session.execute(delete(SessionRow).where(SessionRow.expires <= now))
        session.add(SessionRow(hash=hashed, user_id=row.id, expires=now + timedelta(seconds=SESSION_SECONDS)))
        actor = Actor(kind="user", id=row.id, name=row.name, role=role_of(row.role))
        self._audit(session, actor, "sign in", f'user "{row.name}"', f"from {address}")

    async def session(self, token: str) -> Actor:
        """Who is signed in; Unauthorized when the session is unknown or over."""
        hashed = hash_token(token)

        def unit(session: Session) -> Actor | None:
            query = (
                select(UserRow)
                .join(SessionRow, SessionRow.user_id == UserRow.id)
                .where(SessionRow.hash == hashed, SessionRow.expires > clock.now())
            )
            row = session.scalar(query)
            return None if row is None else Actor(kind="user", id=row.id, name=row.name, role=role_of(row.role))

        actor = await self._work(unit)
        if actor is None:
            raise Unauthorized("you are not signed in, or the session is over")
        return actor

    async def sign_out(self, token: str) -> None:
        """End the session; an unknown one is no error."""
        hashed = hash_token(token)
        await self._work(lambda session: session.execute(delete(SessionRow).where(SessionRow.hash == hashed)))
