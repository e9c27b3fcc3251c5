"""API tokens: kept as hashes, shown once."""

from __future__ import annotations

import random as random_module
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor, Role, role_of
from edge.admin.errors import Unauthorized
from edge.admin.finding import find, select_page
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, TokenBody, TokenView
from edge.store.hashing import hash_token, new_token
from edge.store.tables import TokenRow

KIND = "token"
ENVIRONMENT = "EDGE_ADMIN_TOKEN"


class Tokens(Service):
    """API tokens. Everything here needs admin."""

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[TokenView]:
        actor.require("admin", "read tokens")
        return await self._work(lambda session: select_page(session, TokenRow, limit, after, _view))

    async def get(self, actor: Actor, id: str) -> TokenView:
        actor.require("admin", "read tokens")
        return await self._work(lambda session: _view(find(session, TokenRow, id, KIND)))

    async def create(self, actor: Actor, body: TokenBody) -> TokenView:
        """`token` of the answer is the only time it is shown."""
        actor.require("admin", "create tokens")

        def unit(session: Session) -> TokenView:
            view = make(session, body.name, body.role, body.expires_in, self._admin.random)
            until = f"until {clock.rfc3339(view.expires)}" if view.expires is not None else "without an end"
            self._audit(session, actor, "create", f'token "{body.name}"', f"role {body.role}, {until}")
            return view

        return await self._work(unit)

    async def delete(self, actor: Actor, id: str) -> None:
        actor.require("admin", "delete tokens")

        def unit(session: Session) -> None:
            row = find(session, TokenRow, id, KIND)
            session.delete(row)
            self._audit(session, actor, "delete", f'token "{row.name}"')

        await self._work(unit)

    async def authenticate(self, bearer: str) -> Actor:
        """Whose token this is (the text after "Bearer "); Unauthorized when unknown or expired."""
        hashed = hash_token(bearer.strip())
        row = await self._work(lambda session: session.scalar(select(TokenRow).where(TokenRow.hash == hashed)))
        if row is None:
            raise Unauthorized("the API token is not known")
        if row.expires is not None and row.expires <= clock.now():
            raise Unauthorized(f"the API token expired at {clock.rfc3339(row.expires)}")
        return Actor(kind="token", id=row.id, name=row.name, role=role_of(row.role))


def make(session: Session, name: str, role: Role, expires_in: int | None, random: random_module.Random) -> TokenView:
    """Store a new token; the view shows it."""
    token = new_token(random)
    created = clock.now()
    expires: datetime | None = created + timedelta(seconds=expires_in) if expires_in is not None else None
    row = TokenRow(
        id=random.randbytes(10).hex(), name=name, role=role, hash=hash_token(token), created=created, expires=expires
    )
    session.add(row)
    return TokenView(id=row.id, name=name, role=role, created=created, expires=expires, token=token)


def keep_environment_token(session: Session, value: str, new_id: str) -> bool:
    """Make EDGE_ADMIN_TOKEN's value an API token of the role admin, in place of an earlier value. True when it is
    new."""
    hashed = hash_token(value)
    if session.scalar(select(TokenRow).where(TokenRow.hash == hashed)) is not None:
        return False
    for row in session.scalars(select(TokenRow).where(TokenRow.name == ENVIRONMENT)):
        session.delete(row)
    session.add(TokenRow(id=new_id, name=ENVIRONMENT, role="admin", hash=hashed, created=clock.now(), expires=None))
    return True


def _view(row: TokenRow) -> TokenView:
    return TokenView(id=row.id, name=row.name, role=role_of(row.role), created=row.created, expires=row.expires)
