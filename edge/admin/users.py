"""Users of the console."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, UserBody, UserView


class Users(Service):
    """Users. Everything here needs admin, except reading and re-passwording oneself (get)."""

    body = UserBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[UserView]:
        raise NotImplementedError

    async def get(self, actor: Actor, id: str) -> UserView:
        raise NotImplementedError

    async def create(self, actor: Actor, body: UserBody) -> UserView:
        """Invalid(field="password") without a password; Conflict when the name is in use."""
        raise NotImplementedError

    async def replace(self, actor: Actor, id: str, body: UserBody, if_match: str | None = None) -> UserView:
        """A new password ends the user's sessions. Conflict when it would leave no admin."""
        raise NotImplementedError

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict when it would leave no admin."""
        raise NotImplementedError

    async def change_password(self, actor: Actor, current: str, new: str) -> None:
        """A signed-in user's own password; Invalid names `current` or `new`. Ends the user's other sessions."""
        raise NotImplementedError
