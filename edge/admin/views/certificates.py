"""Certificates: keys are written, never read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from edge.admin.views.common import Body, Name, View


class CertificateBody(Body, frozen=True, kw_only=True):
    """`certificate` is the chain as PEM, the server's own first; `key` is write-only, and may be left out when the
    certificate is replaced by one of the same key."""

    name: Name
    certificate: Annotated[str, Meta(max_length=262_144)]
    key: Annotated[str, Meta(min_length=1, max_length=65_536)] | None = None


class CertificateView(View, frozen=True, kw_only=True):
    """`names` are the hosts that it is for, `fingerprint` is SHA-256; `warnings` say what clients will not like."""

    id: str
    name: str
    certificate: str
    names: list[str]
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    warnings: list[str]
