"""Gateway partitions: what applications are mapped to."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, PartitionBody, PartitionView


class Partitions(Service):
    """Partitions. Reading needs viewer, writing admin; writing acts at once."""

    body = PartitionBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[PartitionView]:
        raise NotImplementedError

    async def get(self, actor: Actor, id: str) -> PartitionView:
        raise NotImplementedError

    async def create(self, actor: Actor, body: PartitionBody) -> PartitionView:
        raise NotImplementedError

    async def replace(self, actor: Actor, id: str, body: PartitionBody, if_match: str | None = None) -> PartitionView:
        raise NotImplementedError

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict while a gateway cluster or an application is in it, naming them."""
        raise NotImplementedError
