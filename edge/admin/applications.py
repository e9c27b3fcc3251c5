"""Applications: what a release is of. Creating and deleting act at once; their content is a draft."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import ApplicationBody, ApplicationView, Page


class Applications(Service):
    """Applications. Reading needs viewer, editing editor, deleting releaser (it acts at once on gateways)."""

    body = ApplicationBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[ApplicationView]:
        raise NotImplementedError

    async def get(self, actor: Actor, id: str) -> ApplicationView:
        raise NotImplementedError

    async def create(self, actor: Actor, body: ApplicationBody) -> ApplicationView:
        """Conflict when another application has the name, or one of the domains in one of the partitions."""
        raise NotImplementedError

    async def replace(
        self, actor: Actor, id: str, body: ApplicationBody, if_match: str | None = None
    ) -> ApplicationView:
        """Edit the draft: each of name, domains, partitions and default that differs is a pending change."""
        raise NotImplementedError

    async def delete(self, actor: Actor, id: str) -> None:
        """Delete it with its upstreams, rules and releases, and take it off its gateways at once."""
        raise NotImplementedError
