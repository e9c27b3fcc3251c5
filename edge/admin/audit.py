"""The audit: who did what to what, written in the same unit of work as the deed; never with a secret."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service, checked_limit, numeric_cursor, page_of
from edge.admin.views import AuditView, Page
from edge.store.tables import AuditRow

_NEWEST = 2**62


class Audit(Service):
    """Audit lines, newest first. Reading needs admin."""

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[AuditView]:
        actor.require("admin", "read the audit")
        checked_limit(limit)
        before = numeric_cursor(after, _NEWEST)
        query = select(AuditRow).where(AuditRow.seq < before).order_by(AuditRow.seq.desc()).limit(limit + 1)
        rows = await self._work(lambda session: session.scalars(query).all())
        return page_of(rows, limit, _view, lambda row: row.seq)

    def record(self, session: Session, actor: Actor, action: str, target: str, detail: str = "") -> None:
        """Add a line, such as ("create", 'partition "eu"'). Called inside a unit of work."""
        who = actor.name if actor.kind == "user" else f"{actor.kind} {actor.name}"
        session.add(AuditRow(at=clock.now(), actor=who, action=action, target=target, detail=detail))


def _view(row: AuditRow) -> AuditView:
    return AuditView(
        id=str(row.seq), at=row.at, actor=row.actor, action=row.action, target=row.target, detail=row.detail
    )
