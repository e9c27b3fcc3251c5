"""Pending changes, releases, and how far each has come."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from edge.admin.views.common import Body, View


class ChangeView(View, frozen=True, kw_only=True):
    """One pending change: readable `text`, and the thing before and after as the API shows it, null for none."""

    id: str
    text: str
    before: Any
    after: Any
    user: str
    at: datetime


class ReleaseBody(Body, frozen=True, kw_only=True):
    comment: Annotated[str, Meta(max_length=2000)] = ""


SyncState = Literal["applied", "waiting", "behind", "refused", "offline"]


class ServerSync(View, frozen=True, kw_only=True):
    """One gateway server's word on a release. `version` is what it serves; `behind` how many releases it lacks."""

    id: str
    name: str
    state: SyncState
    version: int | None
    since: datetime
    behind: int | None = None
    reason: str | None = None


class Sync(View, frozen=True, kw_only=True):
    """`complete`: every online server applied."""

    complete: bool
    total: int
    applied: int
    servers: list[ServerSync]


class ReleaseView(View, frozen=True, kw_only=True):
    version: int
    hash: str
    comment: str
    user: str
    at: datetime
    sync: Sync
    rollback_of: int | None = None
    changes: list[str] = []
