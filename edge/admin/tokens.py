"""API tokens: kept as hashes, shown once."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, TokenBody, TokenView


class Tokens(Service):
    """API tokens. Everything here needs admin."""

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[TokenView]:
        raise NotImplementedError

    async def get(self, actor: Actor, id: str) -> TokenView:
        raise NotImplementedError

    async def create(self, actor: Actor, body: TokenBody) -> TokenView:
        """`token` of the answer is the only time it is shown."""
        raise NotImplementedError

    async def delete(self, actor: Actor, id: str) -> None:
        raise NotImplementedError

    async def authenticate(self, bearer: str) -> Actor:
        """Whose token this is (the text after "Bearer "); Unauthorized when unknown or expired."""
        raise NotImplementedError
