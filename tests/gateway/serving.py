"""Snapshots for tests: one application with rules in the API's JSON, upstreams of endpoints or servers."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.gateway import snapshot as snapshots
from edge.gateway.data_path import DataPath
from edge.gateway.snapshot import Snapshot
from edge.gateway.telemetry import tally
from edge.model import (
    ApplicationDocument,
    Endpoint,
    Manifest,
    ManifestEntry,
    Revision,
    Rule,
    Server,
    Source,
    SourceState,
    Upstream,
    document,
)
from edge.wire.content import Content

SOURCE = Source("cluster", "default", "web", 80)
PROXY = {"type": "proxy", "upstream": "u1"}


def endpoints(*addresses: str, number: int = 1) -> SourceState:
    """The state of SOURCE with these "address:port"."""
    split = [address.rpartition(":") for address in addresses]
    return SourceState(SOURCE, Revision(1, number), tuple(Endpoint(host, int(port)) for host, _, port in split))


def content(
    *addresses: str,
    rules: list[dict[str, Any]] | None = None,
    servers: tuple[Server, ...] = (),
    domains: tuple[str, ...] = ("www.example.com",),
    number: int = 1,
    others: tuple[Upstream, ...] = (),
    chosen: dict[str, Any] | None = None,
) -> Content:
    """What a worker is given: one application whose upstream u1 has `addresses` as endpoints, or `servers`, and
    `others`; without `rules` all goes to u1. `number` is the revision's, `chosen` is what u1 says of choosing
    endpoints, in the API's JSON."""
    written = rules if rules is not None else [{"actions": [PROXY]}]
    upstream = Upstream("u1", "web", servers=servers) if servers else Upstream("u1", "web", sources=(SOURCE,))
    upstream = msgspec.convert(msgspec.to_builtins(upstream) | (chosen or {}), Upstream)
    application = ApplicationDocument(
        id="a1",
        name="shop",
        domains=domains,
        partitions=("p1",),
        upstreams=(upstream, *others),
        rules=tuple(msgspec.convert({"id": f"r{n}", **rule}, Rule) for n, rule in enumerate(written)),
    )
    body = document.encode(application)
    name = document.hash_of(body)
    return Content(
        manifest=Manifest(Revision(1, number), "p1", (ManifestEntry("a1", "shop", number, name),)),
        documents={name: body},
        sources={} if servers else {SOURCE.key: endpoints(*addresses, number=number)},
    )


def serving(*addresses: str, **given: Any) -> Snapshot:
    """A snapshot of `content`."""
    snapshot, refused = snapshots.build(None, content(*addresses, **given))
    assert not refused
    return snapshot


def counted(path: DataPath) -> dict[str, dict[str, list[int]]]:
    """What a data path counted: application → upstream → answers of status classes 1xx to 5xx."""
    return {
        application: {upstream: tally.total(endpoints).classes for upstream, endpoints in upstreams.items()}
        for application, upstreams in path.counters.traffic.tallies().items()
    }
