"""A worker's numbers as it tells them; added up over workers only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.gateway.telemetry.tally import Tallies, Tally, add_to


class Measures(msgspec.Struct, frozen=True):
    """One worker's numbers, or the sum of several. `gone` is what upstreams and applications counted that are no more;
    `limited` maps application, then the kind of limit, to requests; `endpoint_connections` maps an endpoint's name to
    the open connections to it, `ejected` to the workers that pass it over. Ages are in seconds, None: none yet."""

    traffic: Tallies = {}
    gone: Tally = msgspec.field(default_factory=Tally)
    upstream_connections: dict[str, int] = {}
    endpoint_connections: dict[str, int] = {}
    ejected: dict[str, int] = {}
    client_connections: int = 0
    retries: int = 0
    ejections: int = 0
    access_lines_lost: int = 0
    spans_exported: int = 0
    spans_dropped: int = 0
    endpoint_revision_age: float | None = None
    snapshot_revision: int = 0
    cache: dict[str, int] = {}
    proxy_headers_refused: int = 0
    limited: dict[str, dict[str, int]] = {}


def add(measures: Iterable[Measures]) -> Measures:
    """The sum over workers; of ages the greatest and of revisions the least, because the slowest worker counts."""
    tallies: Tallies = {}
    gone = Tally()
    connections: dict[str, int] = {}
    endpoint_connections: dict[str, int] = {}
    ejected: dict[str, int] = {}
    cache: dict[str, int] = {}
    limited: dict[str, dict[str, int]] = {}
    total = list(measures)
    for one in total:
        add_to(tallies, one.traffic)
        gone.take(one.gone)
        _add_to(connections, one.upstream_connections)
        _add_to(endpoint_connections, one.endpoint_connections)
        _add_to(ejected, one.ejected)
        _add_to(cache, one.cache)
        for application, kinds in one.limited.items():
            _add_to(limited.setdefault(application, {}), kinds)
    return Measures(
        traffic=tallies,
        gone=gone,
        upstream_connections=connections,
        endpoint_connections=endpoint_connections,
        ejected=ejected,
        cache=cache,
        limited=limited,
        client_connections=sum(one.client_connections for one in total),
        retries=sum(one.retries for one in total),
        ejections=sum(one.ejections for one in total),
        access_lines_lost=sum(one.access_lines_lost for one in total),
        spans_exported=sum(one.spans_exported for one in total),
        spans_dropped=sum(one.spans_dropped for one in total),
        proxy_headers_refused=sum(one.proxy_headers_refused for one in total),
        endpoint_revision_age=max(
            (one.endpoint_revision_age for one in total if one.endpoint_revision_age is not None), default=None
        ),
        snapshot_revision=min((one.snapshot_revision for one in total), default=0),
    )


def _add_to(total: dict[str, int], numbers: dict[str, int]) -> None:
    for name, number in numbers.items():
        total[name] = total.get(name, 0) + number
