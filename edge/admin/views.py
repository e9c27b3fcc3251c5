"""The types of the JSON API: what a caller sends (…Body) and what it reads (…View). OpenAPI is generated from them.

Ids are opaque strings, never reused; references are ids; times are RFC 3339 UTC; durations are seconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from edge.admin.actor import Role
from edge.model.actions import Action
from edge.model.certificate import ClientCertificates
from edge.model.endpoint import Endpoint
from edge.model.health_check import HealthCheck
from edge.model.rule import Condition
from edge.model.upstream import Balance, Server, UpstreamTls

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=300)]

V = TypeVar("V")


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a caller sends; unknown fields are refused."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller reads."""


class Page(msgspec.Struct, Generic[V], frozen=True):
    """One page of a list; `next` is the cursor for `?after`, null on the last page."""

    items: list[V]
    next: str | None = None


# gateways


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


# Kubernetes clusters


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
    id: str
    name: str
    host: str
    port: int
    ssl_verify: bool
    ca_certificate: str | None
    connect_timeout: float
    read_timeout: float
    status: ClusterStatus


class NamespaceView(View, frozen=True, kw_only=True):
    name: str


class ServicePort(View, frozen=True, kw_only=True):
    name: str | None
    port: int
    protocol: str


class ServiceView(View, frozen=True, kw_only=True):
    name: str
    ports: list[ServicePort]


# certificates


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


# applications


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


class UpstreamView(View, frozen=True, kw_only=True):
    """`revision` is one increasing integer over all its sources; `stale_since` is set while the endpoints are the last
    known ones."""

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


class RuleBody(Body, frozen=True, kw_only=True):
    name: Annotated[str, Meta(max_length=200)] = ""
    enabled: bool = True
    conditions: Annotated[list[Condition], Meta(max_length=100)] = []
    actions: Annotated[list[Action], Meta(min_length=1, max_length=100)]
    order: Annotated[int, Meta(ge=0)] | None = None


class RuleView(View, frozen=True, kw_only=True):
    id: str
    name: str
    enabled: bool
    conditions: list[Condition]
    actions: list[Action]
    order: int


class RuleOrderBody(Body, frozen=True, kw_only=True):
    """Every rule id of the application, in the new order."""

    ids: list[str]


class ChangeView(View, frozen=True, kw_only=True):
    """One pending change: readable `text`, and the thing before and after as the API shows it, null for none."""

    id: str
    text: str
    before: Any
    after: Any
    user: str
    at: datetime


class PurgeBody(Body, frozen=True, kw_only=True):
    """One of the two: `https://host/path?query`, or `/path?query` on every host."""

    url: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    prefix: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None


class PurgeView(View, frozen=True, kw_only=True):
    number: int
    at: datetime
    url: str | None = None
    prefix: str | None = None


class TrafficPoint(View, frozen=True, kw_only=True):
    """The time from `at` on: requests a second, those of status classes 1xx to 5xx, and the seconds that half and 99 of
    100 stayed within, null without requests."""

    at: datetime
    rate: float
    classes: list[float]
    p50: float | None
    p99: float | None


class EndpointTraffic(View, frozen=True, kw_only=True):
    """Requests that one endpoint was asked last, over the whole time and in each step. `upstream` is empty for what no
    upstream was asked; `endpoint` is HOST:PORT, `other` for all beyond what gateways count apart, and empty for what no
    endpoint that is there answered. `name` is the upstream's, empty when there is none with this id any more."""

    upstream: str
    name: str
    endpoint: str
    rate: float
    classes: list[float]
    p50: float | None
    p99: float | None
    points: list[TrafficPoint]


class TrafficView(View, frozen=True, kw_only=True):
    """What all gateway servers were asked for the application, in steps of `step` seconds. `endpoints` are those with
    the most requests, `more` how many there are beyond them."""

    step: int
    begins: datetime
    ends: datetime
    points: list[TrafficPoint]
    endpoints: list[EndpointTraffic]
    more: int


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


# access


class UserBody(Body, frozen=True, kw_only=True):
    """`password` is required when creating and write-only."""

    name: Name
    role: Role
    password: Annotated[str, Meta(min_length=10, max_length=1000)] | None = None


class UserView(View, frozen=True, kw_only=True):
    id: str
    name: str
    role: Role
    created: datetime


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
