"""Applications with their upstreams and page rules, and purges of what gateways stored of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from edge.admin.views.common import Body, Name, Port, View
from edge.model.actions import Action
from edge.model.certificate import ClientCertificates
from edge.model.endpoint import Endpoint
from edge.model.health_check import HealthCheck
from edge.model.rule import Condition
from edge.model.upstream import Balance, Server, UpstreamTls


class ApplicationBody(Body, frozen=True, kw_only=True):
    name: Name
    domains: Annotated[list[str], Meta(max_length=10_000)] = []
    partitions: Annotated[list[str], Meta(max_length=1000)] = []
    default: bool = False
    certificates: Annotated[list[str], Meta(max_length=100)] = []
    client_certificates: ClientCertificates | None = None


class ApplicationView(View, frozen=True, kw_only=True):
    """The draft: what the next release would make of it. `release` is the newest version, `pending` counts changes."""

    id: str
    name: str
    domains: list[str]
    partitions: list[str]
    default: bool
    certificates: list[str] = []
    client_certificates: ClientCertificates | None = None
    release: int | None = None
    pending: int = 0


class KubernetesService(Body, frozen=True, kw_only=True):
    """One service of one Kubernetes cluster; `port` is a Service's port number or port name."""

    cluster: str
    namespace: Annotated[str, Meta(min_length=1, max_length=63)]
    service: Annotated[str, Meta(min_length=1, max_length=63)]
    port: Port | Annotated[str, Meta(min_length=1, max_length=63)]


class UpstreamBody(Body, frozen=True, kw_only=True):
    """Exactly one of `kubernetes` (one service or a list of them) and `servers`; `tls` makes it HTTPS, `balance` says
    how its endpoints are chosen: round robin without it. A new endpoint's share grows for `slow_start` seconds; each
    has at most `max_connections` requests in hand on a gateway server; none is passed over when more than
    `panic_threshold` percent are; `prefer_zone`: those of the gateway's zone, while `zone_minimum` are healthy. With
    `check` gateways find out by themselves whether endpoints can do their work."""

    name: Name
    kubernetes: KubernetesService | Annotated[list[KubernetesService], Meta(min_length=1, max_length=100)] | None = None
    servers: Annotated[list[Server], Meta(min_length=1, max_length=10_000)] | None = None
    tls: UpstreamTls | None = None
    balance: Balance | None = None
    slow_start: int | None = None
    max_connections: int | None = None
    panic_threshold: int = 50
    prefer_zone: bool = False
    zone_minimum: int = 2
    check: HealthCheck | None = None


class EndpointFinding(View, frozen=True, kw_only=True):
    """What a gateway server (by its name) has against an endpoint: its health checks failed, or requests did."""

    gateway_server: str
    by: Literal["check", "requests"]
    since: datetime
    reason: str


class UnhealthyEndpoint(View, frozen=True, kw_only=True):
    """An endpoint, or a server written by hand, that `gateway_servers` of those connected pass over, the first of them
    `since` then; `found` names 20 of them at most."""

    address: str
    port: int
    since: datetime
    gateway_servers: int
    found: list[EndpointFinding]


class UpstreamView(View, frozen=True, kw_only=True):
    """`revision` is one increasing integer over all its sources; `stale_since` is set while the endpoints are the last
    known ones. Of the connected `gateway_servers` that it is released to, some find endpoints `unhealthy`."""

    id: str
    name: str
    kubernetes: KubernetesService | list[KubernetesService] | None
    servers: list[Server] | None
    tls: UpstreamTls | None = None
    balance: Balance
    slow_start: int | None = None
    max_connections: int | None = None
    panic_threshold: int = 50
    prefer_zone: bool = False
    zone_minimum: int = 2
    check: HealthCheck | None = None
    endpoints: list[Endpoint]
    revision: int
    stale_since: datetime | None
    warnings: list[str]
    gateway_servers: int = 0
    unhealthy: list[UnhealthyEndpoint] = []


class RuleBody(Body, frozen=True, kw_only=True):
    name: Annotated[str, Meta(max_length=200)] = ""
    enabled: bool = True
    conditions: Annotated[list[Condition], Meta(max_length=100)] = []
    actions: Annotated[list[Action], Meta(min_length=1, max_length=100)]
    order: Annotated[int, Meta(ge=0)] | None = None


class RuleView(View, frozen=True, kw_only=True):
    """`secrets` is a mark that changes when a secret of the actions is written, empty without any."""

    id: str
    name: str
    enabled: bool
    conditions: list[Condition]
    actions: list[Action]
    secrets: str = ""
    order: int


class RuleOrderBody(Body, frozen=True, kw_only=True):
    """Every rule id of the application, in the new order."""

    ids: list[str]


class PurgeBody(Body, frozen=True, kw_only=True):
    """One of the two: `https://host/path?query`, or `/path?query` on every host."""

    url: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    prefix: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None


class PurgeView(View, frozen=True, kw_only=True):
    number: int
    at: datetime
    url: str | None = None
    prefix: str | None = None
