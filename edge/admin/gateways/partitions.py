"""Gateway partitions: what applications are mapped to."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edge.admin.actor import Actor
from edge.admin.drafts import drafting
from edge.admin.errors import Conflict
from edge.admin.finding import find, free_name, named, select_page
from edge.admin.releases.publishing import Built
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, PartitionBody, PartitionView
from edge.store.tables import DomainClaim, GatewayClusterRow, PartitionRow

KIND = "partition"


class Partitions(Service):
    """Partitions. Reading needs viewer, writing admin; writing acts at once."""

    body = PartitionBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[PartitionView]:
        actor.require("viewer", "read partitions")
        return await self._work(lambda session: select_page(session, PartitionRow, limit, after, _view))

    async def get(self, actor: Actor, id: str) -> PartitionView:
        actor.require("viewer", "read partitions")
        return await self._work(lambda session: _view(find(session, PartitionRow, id, KIND)))

    async def create(self, actor: Actor, body: PartitionBody) -> PartitionView:
        actor.require("admin", "create partitions")

        def unit(session: Session) -> tuple[PartitionView, list[Built]]:
            free_name(session, PartitionRow, body.name, KIND)
            row = PartitionRow(id=self._admin.new_id(), name=body.name)
            session.add(row)
            session.flush()
            self._audit(session, actor, "create", f'partition "{body.name}"')
            return _view(row), self._admin.publisher.build(session, [row.id])

        view, manifests = await self._work(unit)
        self._admin.publisher.publish(manifests)
        return view

    async def replace(self, actor: Actor, id: str, body: PartitionBody, if_match: str | None = None) -> PartitionView:
        actor.require("admin", "change partitions")

        def unit(session: Session) -> PartitionView:
            row = find(session, PartitionRow, id, KIND)
            self.match(_view(row), if_match)
            free_name(session, PartitionRow, body.name, KIND, id)
            if row.name != body.name:
                self._audit(session, actor, "rename", f'partition "{row.name}"', f'to "{body.name}"')
                row.name = body.name
            return _view(row)

        return await self._work(unit)

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict while a gateway cluster or an application is in it, naming them."""
        actor.require("admin", "delete partitions")

        def unit(session: Session) -> None:
            row = find(session, PartitionRow, id, KIND)
            clusters = session.scalars(select(GatewayClusterRow.name).where(GatewayClusterRow.partition == id)).all()
            applications = drafting.using(session, "partition", id)
            if clusters or applications:
                users = [*(named("gateway cluster", clusters)), *named("application", applications)]
                raise Conflict(f'partition "{row.name}" is used by {", ".join(users)}')
            session.execute(delete(DomainClaim).where(DomainClaim.partition == id))
            session.delete(row)
            self._audit(session, actor, "delete", f'partition "{row.name}"')

        await self._work(unit)
        self._admin.publisher.forget(id)


def _view(row: PartitionRow) -> PartitionView:
    return PartitionView(id=row.id, name=row.name)
