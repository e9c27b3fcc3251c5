"""The audit: who did what to what, written in the same unit of work as the deed; never with a secret."""

from __future__ import annotations

from sqlalchemy.orm import Session

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import AuditView, Page


class Audit(Service):
    """Audit lines, newest first. Reading needs admin."""

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[AuditView]:
        raise NotImplementedError

    def record(self, session: Session, actor: Actor, action: str, target: str, detail: str = "") -> None:
        """Add a line, such as ("create", 'partition "eu"'). Called inside a unit of work."""
        raise NotImplementedError
