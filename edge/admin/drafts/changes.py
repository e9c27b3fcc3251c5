"""Pending changes: what differs, thing by thing, between an application's draft and its last release."""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.admin.actor import Actor
from edge.admin.drafts import differences, drafting
from edge.admin.drafts.wording import Names, describe
from edge.admin.errors import Conflict, NotFound
from edge.admin.finding import free_name, shown
from edge.admin.service import LIMIT, Service, page_of_tuple
from edge.admin.views import ChangeView, Page
from edge.model.document import ApplicationDocument
from edge.store.tables import ApplicationRow, ChangeRow, PartitionRow


class Changes(Service):
    """Pending changes. Reading needs viewer, discarding releaser."""

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[ChangeView]:
        actor.require("viewer", "read pending changes")
        views = await self._work(lambda session: pending(session, application))
        return page_of_tuple(views, limit, after, lambda view: view)

    async def get(self, actor: Actor, application: str, id: str) -> ChangeView:
        actor.require("viewer", "read pending changes")
        views = await self._work(lambda session: pending(session, application))
        for view in views:
            if view.id == id:
                return view
        raise NotFound(f"there is no pending change {shown(id)}")

    async def discard_all(self, actor: Actor, application: str) -> None:
        """The draft becomes the last release's content, or empty when there is none."""
        actor.require("releaser", "discard pending changes")

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            row, _ = drafting.load(session, application)
            restored = drafting.baseline(session, row, draft)
            return _checked(session, restored)

        await self._admin.carry(self._admin.edit(actor, application, edit, "discard all pending changes of"))

    async def discard(self, actor: Actor, application: str, id: str) -> None:
        """Undo this one; Conflict when another pending change needs it, naming that one."""
        actor.require("releaser", "discard pending changes")

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            row, _ = drafting.load(session, application)
            thing = session.scalar(
                select(ChangeRow.thing).where(ChangeRow.application == application, ChangeRow.id == id)
            )
            if thing is None:
                raise NotFound(f"there is no pending change {shown(id)}")
            before = drafting.baseline(session, row, draft)
            return _checked(session, _undone(before, draft, thing, drafting.names(session)))

        await self._admin.carry(self._admin.edit(actor, application, edit, "discard a pending change of"))


def pending(session: Session, application: str) -> list[ChangeView]:
    """The application's pending changes, oldest first."""
    row, draft = drafting.load(session, application)
    before = drafting.baseline(session, row, draft)
    names = drafting.names(session)
    query = select(ChangeRow).where(ChangeRow.application == application).order_by(ChangeRow.seq)
    return [_view(change, before, draft, names) for change in session.scalars(query)]


def _view(change: ChangeRow, before: ApplicationDocument, draft: ApplicationDocument, names: Names) -> ChangeView:
    described = describe(change.thing, before, draft, names)
    return ChangeView(
        id=change.id,
        text=described.text,
        before=described.before,
        after=described.after,
        user=change.actor,
        at=change.at,
    )


def _undone(before: ApplicationDocument, draft: ApplicationDocument, thing: str, names: Names) -> ApplicationDocument:
    try:
        undone = differences.undo(before, draft, thing)
    except differences.Needed as needed:
        pending_things = differences.things(before, draft)
        texts = [describe(other, before, draft, names).text for other in needed.by if other in pending_things]
        raise Conflict(f"another pending change needs it: {'; '.join(texts)}") from None
    if shared := differences.shared_names(undone):
        raise Conflict(f'another pending change needs it: there would be two upstreams named "{shared[0]}"')
    return undone


def _checked(session: Session, restored: ApplicationDocument) -> ApplicationDocument:
    """What was released may meanwhile be in the way of others: names are not kept free for it."""
    free_name(session, ApplicationRow, restored.name, "application", restored.id)
    existing = dict.fromkeys(session.scalars(select(PartitionRow.id)))
    return msgspec.structs.replace(
        restored, partitions=tuple(partition for partition in restored.partitions if partition in existing)
    )
