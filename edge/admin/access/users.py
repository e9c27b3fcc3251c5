"""Users of the console."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor, role_of
from edge.admin.errors import Conflict, Forbidden, Invalid
from edge.admin.finding import find, free_name, select_page
from edge.admin.service import LIMIT, Service, mark
from edge.admin.views import Page, UserBody, UserView
from edge.store.hashing import hash_password, verify_password
from edge.store.tables import SessionRow, UserRow

KIND = "user"
SHORTEST = 10


class Users(Service):
    """Users. Everything here needs admin, except reading oneself (get) and change_password."""

    body = UserBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[UserView]:
        actor.require("admin", "read users")
        return await self._work(lambda session: select_page(session, UserRow, limit, after, _view))

    async def get(self, actor: Actor, id: str) -> UserView:
        if not (actor.kind == "user" and actor.id == id):
            actor.require("admin", "read users")
        return await self._work(lambda session: _view(find(session, UserRow, id, KIND)))

    async def create(self, actor: Actor, body: UserBody) -> UserView:
        """Invalid(field="password") without a password; Conflict when the name is in use."""
        actor.require("admin", "create users")
        if body.password is None:
            raise Invalid("a new user needs a password", "password")
        hashed = await self._hashed(body.password)

        def unit(session: Session) -> UserView:
            free_name(session, UserRow, body.name, KIND)
            row = UserRow(
                id=self._admin.new_id(), name=body.name, role=body.role, password_hash=hashed, created=clock.now()
            )
            session.add(row)
            self._audit(session, actor, "create", f'user "{body.name}"', f"role {body.role}")
            return _view(row)

        return await self._work(unit)

    async def replace(self, actor: Actor, id: str, body: UserBody, if_match: str | None = None) -> UserView:
        """A new password ends the user's sessions. Conflict when it would leave no admin."""
        actor.require("admin", "change users")
        hashed = await self._hashed(body.password) if body.password is not None else None

        def unit(session: Session) -> UserView:
            row = find(session, UserRow, id, KIND)
            self.match(_view(row), if_match)
            free_name(session, UserRow, body.name, KIND, id)
            if row.role == "admin" and body.role != "admin":
                _keep_an_admin(session, row)
            detail = [f"role {body.role}"] if row.role != body.role else []
            if hashed is not None:
                row.password_hash = hashed
                session.execute(delete(SessionRow).where(SessionRow.user_id == id))
                detail.append("a new password")
            self._audit(session, actor, "change", f'user "{row.name}"', ", ".join(detail))
            row.name, row.role = body.name, body.role
            return _view(row)

        return await self._work(unit)

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict when it would leave no admin."""
        actor.require("admin", "delete users")

        def unit(session: Session) -> None:
            row = find(session, UserRow, id, KIND)
            if row.role == "admin":
                _keep_an_admin(session, row)
            session.execute(delete(SessionRow).where(SessionRow.user_id == id))
            session.delete(row)
            self._audit(session, actor, "delete", f'user "{row.name}"')

        await self._work(unit)

    async def change_password(self, actor: Actor, current: str, new: str) -> None:
        """A signed-in user's own password; Invalid names `current` or `new`. Ends all of the user's sessions."""
        if actor.kind != "user":
            raise Forbidden("only a signed-in user has a password to change")
        if not SHORTEST <= len(new) <= 1000:
            raise Invalid(f"a password has {SHORTEST} to 1000 characters", "new")
        row = await self._work(lambda session: find(session, UserRow, actor.id, KIND))
        if not await self._admin.hash(lambda: verify_password(row.password_hash, current)):
            raise Invalid("this is not your present password", "current")
        hashed = await self._hashed(new)

        def unit(session: Session) -> None:
            found = find(session, UserRow, actor.id, KIND)
            found.password_hash = hashed
            session.execute(delete(SessionRow).where(SessionRow.user_id == actor.id))
            self._audit(session, actor, "change", f'user "{found.name}"', "their own password")

        await self._work(unit)

    async def _hashed(self, password: str) -> str:
        return await self._admin.hash(lambda: hash_password(password))


def _keep_an_admin(session: Session, row: UserRow) -> None:
    others = select(func.count()).select_from(UserRow).where(UserRow.role == "admin", UserRow.id != row.id)
    if not session.scalar(others):
        raise Conflict(f'"{row.name}" is the only user with the role admin; give that role to another user first')


def _view(row: UserRow) -> UserView:
    return UserView(
        id=row.id, name=row.name, role=role_of(row.role), created=row.created, secrets=mark(row.password_hash)
    )
