"""Where a rule's proxy action sends requests: servers written by hand, or the endpoints of Kubernetes services."""

from __future__ import annotations

import msgspec

from edge.model.source import Source


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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


class Upstream(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Static when it has `servers`, Kubernetes when it has `sources`; exactly one of the two is not empty."""

    id: str
    name: str
    servers: tuple[Server, ...] = ()
    sources: tuple[Source, ...] = ()
    tls: UpstreamTls | None = None
