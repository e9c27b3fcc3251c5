"""Upstreams of an application's draft, shown with the endpoints they have now."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, UpstreamBody, UpstreamView


class Upstreams(Service):
    """Upstreams. Reading needs viewer, editing editor; every edit is a pending change."""

    body = UpstreamBody

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[UpstreamView]:
        raise NotImplementedError

    async def get(self, actor: Actor, application: str, id: str) -> UpstreamView:
        raise NotImplementedError

    async def create(self, actor: Actor, application: str, body: UpstreamBody) -> UpstreamView:
        raise NotImplementedError

    async def replace(
        self, actor: Actor, application: str, id: str, body: UpstreamBody, if_match: str | None = None
    ) -> UpstreamView:
        raise NotImplementedError

    async def delete(self, actor: Actor, application: str, id: str) -> None:
        """Conflict while a rule of the draft uses it, naming the rule."""
        raise NotImplementedError
