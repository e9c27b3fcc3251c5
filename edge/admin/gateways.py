"""Gateway clusters (each of one partition, holding gateway servers) and the tokens with which servers join them."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import GatewayClusterBody, GatewayClusterView, JoinTokenBody, JoinTokenView, Page


class GatewayClusters(Service):
    """Gateway clusters. Reading needs viewer, writing admin."""

    body = GatewayClusterBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[GatewayClusterView]:
        raise NotImplementedError

    async def get(self, actor: Actor, id: str) -> GatewayClusterView:
        raise NotImplementedError

    async def create(self, actor: Actor, body: GatewayClusterBody) -> GatewayClusterView:
        raise NotImplementedError

    async def replace(
        self, actor: Actor, id: str, body: GatewayClusterBody, if_match: str | None = None
    ) -> GatewayClusterView:
        """Rename it, or move it with its servers to another partition: they reconnect and serve that one."""
        raise NotImplementedError

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict while it has servers, naming them."""
        raise NotImplementedError


class JoinTokens(Service):
    """One-time secrets that let a new gateway server into a cluster; stored as hashes."""

    async def create(self, actor: Actor, cluster: str, body: JoinTokenBody) -> JoinTokenView:
        """A token for `uses` servers until it expires; shown only in this answer."""
        raise NotImplementedError
