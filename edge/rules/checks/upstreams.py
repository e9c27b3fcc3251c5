"""What is wrong with an upstream."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from edge.model.source import Source
from edge.model.upstream import Hash, Server, Sticky, Upstream
from edge.rules import limits, names
from edge.rules.checks.health import check_health_check
from edge.rules.problem import Problem, shown, under

_dns_label = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z").match  # RFC 1123, as Kubernetes names namespaces
_port_name = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?\Z").match  # RFC 6335 5.1


def check_upstream(upstream: Upstream) -> Iterator[Problem]:
    """Every problem, with fields like `servers[0].host` and `sources[0].port`."""
    if not upstream.name.strip():
        yield Problem("name", "an upstream needs a name")
    if bool(upstream.servers) == bool(upstream.sources):
        came = "both" if upstream.servers else "none"
        yield Problem("", f"an upstream has either servers or Kubernetes services, but got {came}")
    if len(upstream.servers) > limits.SERVERS:
        yield Problem("servers", f"expected at most {limits.SERVERS} servers, but got {len(upstream.servers)}")
    if len(upstream.sources) > limits.SOURCES:
        yield Problem("sources", f"expected at most {limits.SOURCES} services, but got {len(upstream.sources)}")
    if upstream.tls is not None:
        yield from under("tls", _check_tls(upstream))
    if upstream.check is not None:
        yield from under("check", check_health_check(upstream.check))
    if isinstance(upstream.balance, Hash):
        yield from under("balance", _check_hash(upstream.balance))
    elif isinstance(upstream.balance, Sticky):
        yield from under("balance", _check_sticky(upstream.balance))
    yield from _check_shares(upstream)
    yield from _check_zones(upstream)
    seen: dict[tuple[str, int], None] = {}
    for index, server in enumerate(upstream.servers):
        yield from under(f"servers[{index}]", _check_server(server))
        if (server.host, server.port) in seen:
            yield Problem(f"servers[{index}]", f"{server.host}:{server.port} is there twice; raise its weight instead")
        seen[server.host, server.port] = None
    known: dict[Source, None] = {}
    for index, source in enumerate(upstream.sources):
        yield from under(f"sources[{index}]", _check_source(source))
        if source in known:
            yield Problem(f"sources[{index}]", f"{source.key} is there twice")
        known[source] = None


def _check_tls(upstream: Upstream) -> Iterator[Problem]:
    tls = upstream.tls
    assert tls is not None
    if tls.server_name and not is_server_host(tls.server_name):
        yield Problem("server_name", f"expected a host name or an IP address, but got {shown(tls.server_name)}")
    if tls.verify and not tls.server_name and upstream.sources:
        text = "pods have addresses and no names: say whom their certificates are for, or switch verification off"
        yield Problem("server_name", text)
    if tls.ca_certificate and "-----BEGIN CERTIFICATE-----" not in tls.ca_certificate:
        yield Problem("ca_certificate", "expected certificates in PEM form, beginning with -----BEGIN CERTIFICATE-----")


def _check_shares(upstream: Upstream) -> Iterator[Problem]:
    start, most, panic = upstream.slow_start, upstream.max_connections, upstream.panic_threshold
    if start is not None:
        if not 1 <= start <= limits.SLOW_START:
            yield Problem("slow_start", f"expected seconds from 1 to {limits.SLOW_START:,}, but got {start}")
        elif isinstance(upstream.balance, Hash):
            yield Problem("slow_start", "a hash gives a new endpoint its keys at once; the share of one cannot grow")
    if most is not None and not 1 <= most <= limits.CONNECTIONS:
        yield Problem("max_connections", f"expected a number from 1 to {limits.CONNECTIONS:,}, but got {most}")
    if not 0 <= panic <= 100:
        yield Problem("panic_threshold", f"expected a percentage from 0 to 100, but got {panic}")


def _check_zones(upstream: Upstream) -> Iterator[Problem]:
    if upstream.prefer_zone and upstream.servers:
        yield Problem("prefer_zone", "servers written by hand have no zones")
    elif upstream.prefer_zone and isinstance(upstream.balance, Hash):
        yield Problem("prefer_zone", "a hash maps alike in all zones; gateways of two zones could not agree")
    if not 1 <= upstream.zone_minimum <= limits.SERVERS:
        text = f"expected endpoints from 1 to {limits.SERVERS:,}, but got {upstream.zone_minimum}"
        yield Problem("zone_minimum", text)


def _check_hash(hash: Hash) -> Iterator[Problem]:
    if hash.by in ("header", "cookie"):
        if not is_field_name(hash.name):
            yield Problem("name", f"expected the name of a {hash.by}, but got {shown(hash.name)}")
    elif hash.name:
        yield Problem("name", f"a hash by {hash.by} takes no name, but got {shown(hash.name)}")


def _check_sticky(sticky: Sticky) -> Iterator[Problem]:
    if not is_field_name(sticky.cookie):
        yield Problem("cookie", f"expected the name of a cookie, but got {shown(sticky.cookie)}")
    if sticky.ttl is not None and not 1 <= sticky.ttl <= limits.COOKIE_AGE:
        yield Problem("ttl", f"expected seconds from 1 to {limits.COOKIE_AGE:,}, but got {sticky.ttl}")


def is_field_name(name: str) -> bool:
    """Whether a header or a cookie can have this name: a token, RFC 9110 5.6.2 and RFC 6265 4.1.1."""
    return len(name) <= limits.NAME and names.is_header_name(name)


def _check_server(server: Server) -> Iterator[Problem]:
    if not is_server_host(server.host):
        yield Problem("host", f"expected a host name or an IP address, but got {shown(server.host)}")
    if not 1 <= server.port <= 65535:
        yield Problem("port", f"expected a port from 1 to 65535, but got {server.port}")
    if not 0 <= server.weight <= limits.WEIGHT:
        yield Problem("weight", f"expected a weight from 0 to {limits.WEIGHT}, but got {server.weight}")


def is_server_host(host: str) -> bool:
    """Whether it can be connected to: an IP address without brackets, or a DNS name (a trailing dot is allowed)."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    else:
        return True
    name = host.lower().removesuffix(".")
    last = name.rpartition(".")[2]
    return names.is_host_name(name) and not last.isdigit()  # 10.0.0 or 10.0.0.300 is a broken address


def _check_source(source: Source) -> Iterator[Problem]:
    if not source.cluster:
        yield Problem("cluster", "expected the id of a Kubernetes cluster")
    if _dns_label(source.namespace) is None:
        yield Problem("namespace", f"{shown(source.namespace)} is not a name that a namespace can have")
    if _dns_label(source.service) is None:
        yield Problem("service", f"{shown(source.service)} is not a name that a service can have")
    if isinstance(source.port, int):
        if not 1 <= source.port <= 65535:
            yield Problem("port", f"expected a port from 1 to 65535, but got {source.port}")
    elif _port_name(source.port) is None:
        yield Problem("port", f"{shown(source.port)} is not a name that a service's port can have")
