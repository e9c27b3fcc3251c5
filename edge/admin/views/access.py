"""Users, tokens and the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from edge.admin.actor import Role
from edge.admin.views.common import Body, Name, View


class UserBody(Body, frozen=True, kw_only=True):
    """`password` is required when creating and write-only."""

    name: Name
    role: Role
    password: Annotated[str, Meta(min_length=10, max_length=1000)] | None = None


class UserView(View, frozen=True, kw_only=True):
    """`secrets` is a mark that changes with the password."""

    id: str
    name: str
    role: Role
    created: datetime
    secrets: str = ""


class TokenBody(Body, frozen=True, kw_only=True):
    name: Name
    role: Role = "viewer"
    expires_in: Annotated[int, Meta(ge=1, le=3650 * 86400)] | None = 90 * 86400


class TokenView(View, frozen=True, kw_only=True):
    """`token` is shown once, in the answer to POST."""

    id: str
    name: str
    role: Role
    created: datetime
    expires: datetime | None
    token: str | None = None


class AuditView(View, frozen=True, kw_only=True):
    id: str
    at: datetime
    actor: str
    action: str
    target: str
    detail: str
