"""Releases: compile, validate, hash, number, store, push; and going back to an earlier one."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, ReleaseBody, ReleaseView


class Releases(Service):
    """Releases of an application, newest first. Reading needs viewer, releasing and rolling back releaser."""

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[ReleaseView]:
        raise NotImplementedError

    async def get(self, actor: Actor, application: str, version: int) -> ReleaseView:
        raise NotImplementedError

    async def create(self, actor: Actor, application: str, body: ReleaseBody) -> ReleaseView:
        """Release the draft. Conflict when nothing changed; Invalid names rule, field and reason."""
        raise NotImplementedError

    async def rollback(
        self, actor: Actor, application: str, version: int, body: ReleaseBody, discard: bool = False
    ) -> ReleaseView:
        """Make a new release with the content and hash of `version`; the draft becomes that content. Conflict while
        changes are pending (unless `discard`), or when the content names what no longer exists."""
        raise NotImplementedError
