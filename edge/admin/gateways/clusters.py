"""Gateway clusters (each of one partition, holding gateway servers) and the tokens with which servers join them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.errors import Conflict
from edge.admin.finding import find, free_name, named, referred, select_page
from edge.admin.service import LIMIT, Service
from edge.admin.views import GatewayClusterBody, GatewayClusterView, JoinTokenBody, JoinTokenView, Page
from edge.store.hashing import hash_token, new_token
from edge.store.tables import GatewayClusterRow, GatewayServerRow, JoinTokenRow, PartitionRow

KIND = "gateway cluster"
KEPT = timedelta(days=1)
"""How long a token that is of no use any more is kept, so that a late gateway hears why."""


class GatewayClusters(Service):
    """Gateway clusters. Reading needs viewer, writing admin."""

    body = GatewayClusterBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[GatewayClusterView]:
        actor.require("viewer", "read gateway clusters")
        return await self._work(lambda session: select_page(session, GatewayClusterRow, limit, after, _view))

    async def get(self, actor: Actor, id: str) -> GatewayClusterView:
        actor.require("viewer", "read gateway clusters")
        return await self._work(lambda session: _view(find(session, GatewayClusterRow, id, KIND)))

    async def create(self, actor: Actor, body: GatewayClusterBody) -> GatewayClusterView:
        actor.require("admin", "create gateway clusters")

        def unit(session: Session) -> GatewayClusterView:
            referred(session, PartitionRow, body.partition, "partition", "partition")
            free_name(session, GatewayClusterRow, body.name, KIND)
            row = GatewayClusterRow(id=self._admin.new_id(), name=body.name, partition=body.partition)
            session.add(row)
            self._audit(session, actor, "create", f'gateway cluster "{body.name}"')
            return _view(row)

        return await self._work(unit)

    async def replace(
        self, actor: Actor, id: str, body: GatewayClusterBody, if_match: str | None = None
    ) -> GatewayClusterView:
        """Rename it, or move it with its servers to another partition: they reconnect and serve that one."""
        actor.require("admin", "change gateway clusters")

        def unit(session: Session) -> GatewayClusterView:
            row = find(session, GatewayClusterRow, id, KIND)
            self.match(_view(row), if_match)
            referred(session, PartitionRow, body.partition, "partition", "partition")
            free_name(session, GatewayClusterRow, body.name, KIND, id)
            self._audit(session, actor, "change", f'gateway cluster "{row.name}"', _difference(row, body))
            row.name, row.partition = body.name, body.partition
            return _view(row)

        async def change() -> GatewayClusterView:
            view = await self._work(unit)
            await self._admin.gateway_servers.moved(id, view.partition)
            return view

        return await self._admin.carry(change())

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict while it has servers, naming them."""
        actor.require("admin", "delete gateway clusters")

        def unit(session: Session) -> None:
            row = find(session, GatewayClusterRow, id, KIND)
            servers = session.scalars(select(GatewayServerRow.name).where(GatewayServerRow.cluster == id)).all()
            if servers:
                users = ", ".join(named("gateway server", servers))
                raise Conflict(f'gateway cluster "{row.name}" has {users}; delete them first')
            session.execute(delete(JoinTokenRow).where(JoinTokenRow.cluster == id))
            session.delete(row)
            self._audit(session, actor, "delete", f'gateway cluster "{row.name}"')

        await self._work(unit)


class JoinTokens(Service):
    """One-time secrets that let a new gateway server into a cluster; stored as hashes."""

    async def create(self, actor: Actor, cluster: str, body: JoinTokenBody) -> JoinTokenView:
        """A token for `uses` servers until it expires; shown only in this answer."""
        actor.require("admin", "create join tokens")
        token = new_token(self._admin.random, "join_")
        expires = clock.now() + timedelta(seconds=body.expires_in)

        def unit(session: Session) -> JoinTokenView:
            row = find(session, GatewayClusterRow, cluster, KIND)
            session.execute(delete(JoinTokenRow).where(JoinTokenRow.expires < clock.now() - KEPT))
            session.add(JoinTokenRow(hash=hash_token(token), cluster=cluster, uses=body.uses, expires=expires))
            detail = f"for {body.uses} server{'s' if body.uses > 1 else ''} until {clock.rfc3339(expires)}"
            self._audit(session, actor, "create", f'join token of gateway cluster "{row.name}"', detail)
            return JoinTokenView(token=token, expires=expires)

        return await self._work(unit)


def _difference(row: GatewayClusterRow, body: GatewayClusterBody) -> str:
    parts = [f'name "{body.name}"'] if row.name != body.name else []
    parts += [f"partition {body.partition}"] if row.partition != body.partition else []
    return ", ".join(parts)


def _view(row: GatewayClusterRow) -> GatewayClusterView:
    return GatewayClusterView(id=row.id, name=row.name, partition=row.partition)
