"""Kubernetes clusters, and what is chosen from in them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from edge.admin.views.common import Body, Name, Port, Seconds, View


class KubernetesClusterBody(Body, frozen=True, kw_only=True):
    """`token` is write-only. A changed host, port, ca_certificate or ssl_verify asks for the token again."""

    name: Name
    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Port = 6443
    ssl_verify: bool = True
    ca_certificate: Annotated[str, Meta(max_length=262_144)] | None = None
    token: Annotated[str, Meta(min_length=1, max_length=65_536)] | None = None
    connect_timeout: Seconds = 5.0
    read_timeout: Seconds = 10.0


ClusterState = Literal["connecting", "connected", "unauthorized", "forbidden", "unreachable", "tls_error", "failing"]


class ClusterStatus(View, frozen=True, kw_only=True):
    """`message` says what is wrong and what to do; `warnings` what works only in part."""

    state: ClusterState
    since: datetime
    message: str = ""
    warnings: list[str] = []


class KubernetesClusterView(View, frozen=True, kw_only=True):
    """`secrets` is a mark that changes when a token is written."""

    id: str
    name: str
    host: str
    port: int
    ssl_verify: bool
    ca_certificate: str | None
    connect_timeout: float
    read_timeout: float
    status: ClusterStatus
    secrets: str = ""


class NamespaceView(View, frozen=True, kw_only=True):
    name: str


class ServicePort(View, frozen=True, kw_only=True):
    name: str | None
    port: int
    protocol: str


class ServiceView(View, frozen=True, kw_only=True):
    name: str
    ports: list[ServicePort]
