"""Page rules of an application's draft, in order."""

from __future__ import annotations

import builtins

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, RuleBody, RuleView


class Rules(Service):
    """Page rules. Reading needs viewer, editing editor; every edit is a pending change."""

    body = RuleBody

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[RuleView]:
        raise NotImplementedError

    async def get(self, actor: Actor, application: str, id: str) -> RuleView:
        raise NotImplementedError

    async def create(self, actor: Actor, application: str, body: RuleBody) -> RuleView:
        """Add a rule at position `order`, or last. Invalid names the field, such as actions[0].url."""
        raise NotImplementedError

    async def replace(
        self, actor: Actor, application: str, id: str, body: RuleBody, if_match: str | None = None
    ) -> RuleView:
        """Without `order` it keeps its place."""
        raise NotImplementedError

    async def delete(self, actor: Actor, application: str, id: str) -> None:
        raise NotImplementedError

    async def reorder(self, actor: Actor, application: str, ids: builtins.list[str]) -> Page[RuleView]:
        """Put the rules in the order of `ids`, which names each of them once; Invalid(field="ids") otherwise."""
        raise NotImplementedError
