"""Where a rule's proxy action sends requests: servers written by hand, or the endpoints of Kubernetes services."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from edge.model.health_check import HealthCheck
from edge.model.source import Source


class Server(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A server written by hand. `host` is an IP address or a name; `weight` is its share, 0 takes it out of use."""

    host: str
    port: int
    weight: int = 1


class UpstreamTls(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Endpoints are spoken to over TLS. `server_name` is the name sent (SNI) and verified, empty for the server's own
    host; `ca_certificate` is PEM, empty for the system's CAs; without `verify` any certificate will do."""

    verify: bool = True
    server_name: str = ""
    ca_certificate: str = ""


class RoundRobin(msgspec.Struct, frozen=True, tag="round-robin", forbid_unknown_fields=True):
    """Every endpoint in turn, servers as often as their weight says: what an upstream does that says nothing."""


class LeastRequest(msgspec.Struct, frozen=True, tag="least-request", forbid_unknown_fields=True):
    """Of two endpoints drawn by lot the one with fewer open requests, measured by its weight."""


class Hash(msgspec.Struct, frozen=True, omit_defaults=True, tag="hash", forbid_unknown_fields=True):
    """Equal keys go to the same endpoint. `name` is the header's or the cookie's, empty for the others."""

    by: Literal["header", "cookie", "path", "client-address"]
    name: str = ""


class Sticky(msgspec.Struct, frozen=True, omit_defaults=True, tag="sticky", forbid_unknown_fields=True):
    """Clients return to the endpoint that the cookie names, for `ttl` seconds, without one until the browser ends;
    new ones are given out in turn."""

    cookie: str
    ttl: int | None = None


Balance: TypeAlias = RoundRobin | LeastRequest | Hash | Sticky


class Upstream(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Static when it has `servers`, Kubernetes when it has `sources`; exactly one of the two is not empty.
    `balance` None is round robin, `check` None: readiness is all that is known of endpoints.

    A new endpoint's share grows for `slow_start` seconds. An endpoint has at most `max_connections` requests in hand on
    one gateway server. When more than `panic_threshold` percent of the endpoints are passed over, none is. With
    `prefer_zone` those of the gateway's zone are chosen while at least `zone_minimum` of them are healthy."""

    id: str
    name: str
    servers: tuple[Server, ...] = ()
    sources: tuple[Source, ...] = ()
    tls: UpstreamTls | None = None
    balance: Balance | None = None
    check: HealthCheck | None = None
    slow_start: int | None = None
    max_connections: int | None = None
    panic_threshold: int = 50
    prefer_zone: bool = False
    zone_minimum: int = 2
