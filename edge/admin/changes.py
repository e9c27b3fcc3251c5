"""Pending changes: what differs, thing by thing, between an application's draft and its last release."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import ChangeView, Page


class Changes(Service):
    """Pending changes. Reading needs viewer, discarding releaser."""

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[ChangeView]:
        raise NotImplementedError

    async def get(self, actor: Actor, application: str, id: str) -> ChangeView:
        raise NotImplementedError

    async def discard_all(self, actor: Actor, application: str) -> None:
        """The draft becomes the last release's content, or empty when there is none."""
        raise NotImplementedError

    async def discard(self, actor: Actor, application: str, id: str) -> None:
        """Undo this one; Conflict when another pending change needs it, naming that one."""
        raise NotImplementedError
