"""The audit: who did what to what, written in the same unit of work as the deed; never with a secret."""

from __future__ import annotations

from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.finding import select_newest
from edge.admin.service import LIMIT, Service
from edge.admin.views import AuditView, Page
from edge.store.tables import AuditRow


class Audit(Service):
    """Audit lines, newest first. Reading needs admin."""

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[AuditView]:
        actor.require("admin", "read the audit")
        return await self._work(lambda session: select_newest(session, AuditRow, limit, after, _view))

    def record(self, session: Session, actor: Actor, action: str, target: str, detail: str = "") -> None:
        """Add a line, such as ("create", 'partition "eu"'). Called inside a unit of work."""
        who = actor.name if actor.kind == "user" else f"{actor.kind} {actor.name}"
        session.add(AuditRow(at=clock.now(), actor=who, action=action, target=target, detail=detail))


def _view(row: AuditRow) -> AuditView:
    return AuditView(
        id=str(row.seq), at=row.at, actor=row.actor, action=row.action, target=row.target, detail=row.detail
    )
