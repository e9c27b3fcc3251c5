"""Partitions, gateway clusters, tokens to join them, and gateway servers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from edge.admin.views.common import Body, Name, View


class PartitionBody(Body, frozen=True, kw_only=True):
    name: Name


class PartitionView(View, frozen=True, kw_only=True):
    id: str
    name: str


class GatewayClusterBody(Body, frozen=True, kw_only=True):
    name: Name
    partition: str


class GatewayClusterView(View, frozen=True, kw_only=True):
    id: str
    name: str
    partition: str


class JoinTokenBody(Body, frozen=True, kw_only=True):
    uses: Annotated[int, Meta(ge=1, le=1000)] = 1
    expires_in: Annotated[int, Meta(ge=1, le=30 * 86400)] = 3600


class JoinTokenView(View, frozen=True, kw_only=True):
    """`token` is shown once, here."""

    token: str
    expires: datetime


class AppliedRelease(View, frozen=True, kw_only=True):
    application: str
    name: str
    version: int
    hash: str


class GatewayServerView(View, frozen=True, kw_only=True):
    """`address` is what a user curls; `applied` is what it serves by its own word."""

    id: str
    name: str
    cluster: str
    partition: str
    address: str
    version: str
    online: bool
    since: datetime
    state: str
    reason: str = ""
    manifest: int | None = None
    applied: list[AppliedRelease] = []
