"""What a worker counts, as plain integers; added up over workers and written for Prometheus only on scrape.

Names and labels are those of the contracts; docs/gateway.md lists them and a test holds the two together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import msgspec

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of `edge_request_seconds` in seconds; one more bucket takes what is above."""


class Measures(msgspec.Struct, frozen=True):
    """One worker's numbers, or the sum of several. `requests` maps application, then upstream, to the requests of
    status classes 1xx to 5xx; `limited` maps application, then the kind of limit, to requests; `latency` has one
    number more than BUCKETS. Ages are in seconds, None: none yet."""

    requests: dict[str, dict[str, list[int]]] = {}
    latency: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    latency_sum: float = 0.0
    upstream_connections: dict[str, int] = {}
    client_connections: int = 0
    retries: int = 0
    ejections: int = 0
    access_lines_lost: int = 0
    endpoint_revision_age: float | None = None
    snapshot_revision: int = 0
    cache: dict[str, int] = {}
    proxy_headers_refused: int = 0
    limited: dict[str, dict[str, int]] = {}


class Counters:
    """The numbers that requests change."""

    __slots__ = (
        "_requests",
        "cache",
        "ejections",
        "latency",
        "latency_sum",
        "limited",
        "proxy_headers_refused",
        "retries",
    )

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str], list[int]] = {}
        self.latency = [0] * (len(BUCKETS) + 1)
        self.latency_sum = 0.0
        self.retries = 0
        self.ejections = 0
        self.cache: dict[str, int] = {}
        self.proxy_headers_refused = 0
        self.limited: dict[str, dict[str, int]] = {}

    def limit(self, application: str, kind: str) -> None:
        """One request met a limit of this kind."""
        kinds = self.limited.setdefault(application, {})
        kinds[kind] = kinds.get(kind, 0) + 1

    def record(self, application: str, upstream: str, status: int, seconds: float) -> None:
        """One request answered with `status` after `seconds`."""
        key = (application, upstream)
        classes = self._requests.get(key)
        if classes is None:
            classes = self._requests[key] = [0, 0, 0, 0, 0]
        classes[status // 100 - 1] += 1
        self.latency[bisect_left(BUCKETS, seconds)] += 1
        self.latency_sum += seconds

    def requests(self) -> dict[str, dict[str, list[int]]]:
        """A copy, by application and upstream."""
        result: dict[str, dict[str, list[int]]] = {}
        for (application, upstream), classes in self._requests.items():
            result.setdefault(application, {})[upstream] = list(classes)
        return result


def add(measures: Iterable[Measures]) -> Measures:
    """The sum over workers; of ages the greatest and of revisions the least, because the slowest worker counts."""
    requests: dict[str, dict[str, list[int]]] = {}
    latency = [0] * (len(BUCKETS) + 1)
    connections: dict[str, int] = {}
    cache: dict[str, int] = {}
    limited: dict[str, dict[str, int]] = {}
    total = list(measures)
    for one in total:
        for application, upstreams in one.requests.items():
            for upstream, classes in upstreams.items():
                sums = requests.setdefault(application, {}).setdefault(upstream, [0] * 5)
                sums[:] = map(sum, zip(sums, classes, strict=True))
        latency[:] = map(sum, zip(latency, one.latency, strict=True))
        for state, number in one.upstream_connections.items():
            connections[state] = connections.get(state, 0) + number
        for result, number in one.cache.items():
            cache[result] = cache.get(result, 0) + number
        for application, kinds in one.limited.items():
            counted = limited.setdefault(application, {})
            for kind, number in kinds.items():
                counted[kind] = counted.get(kind, 0) + number
    return Measures(
        requests=requests,
        latency=latency,
        latency_sum=sum(one.latency_sum for one in total),
        upstream_connections=connections,
        cache=cache,
        limited=limited,
        client_connections=sum(one.client_connections for one in total),
        retries=sum(one.retries for one in total),
        ejections=sum(one.ejections for one in total),
        access_lines_lost=sum(one.access_lines_lost for one in total),
        proxy_headers_refused=sum(one.proxy_headers_refused for one in total),
        endpoint_revision_age=max(
            (one.endpoint_revision_age for one in total if one.endpoint_revision_age is not None), default=None
        ),
        snapshot_revision=min((one.snapshot_revision for one in total), default=0),
    )


def render(measures: Measures) -> str:
    """Prometheus' text format 0.0.4."""
    lines: list[str] = []
    _family(lines, "edge_requests_total", "counter", "Requests answered.")
    for application, upstreams in sorted(measures.requests.items()):
        for upstream, classes in sorted(upstreams.items()):
            labels = f'application="{_label(application)}",upstream="{_label(upstream)}"'
            for index, number in enumerate(classes):
                if number:
                    lines.append(f'edge_requests_total{{{labels},status_class="{index + 1}xx"}} {number}')
    _family(lines, "edge_request_seconds", "histogram", "From the head of a request to the end of its answer.")
    below = 0
    for bound, number in zip((*map(str, BUCKETS), "+Inf"), measures.latency, strict=True):
        below += number
        lines.append(f'edge_request_seconds_bucket{{le="{bound}"}} {below}')
    lines.append(f"edge_request_seconds_sum {measures.latency_sum:.6f}")
    lines.append(f"edge_request_seconds_count {below}")
    _family(lines, "edge_upstream_connections", "gauge", "Connections to endpoints by state.")
    for state, number in sorted(measures.upstream_connections.items()):
        lines.append(f'edge_upstream_connections{{state="{state}"}} {number}')
    _family(lines, "edge_cache_requests_total", "counter", "Requests of rules that cache, by what became of them.")
    for result, number in sorted(measures.cache.items()):
        lines.append(f'edge_cache_requests_total{{result="{result}"}} {number}')
    _family(lines, "edge_limited_total", "counter", "Requests that met a limit of a page rule.")
    for application, kinds in sorted(measures.limited.items()):
        for kind, number in sorted(kinds.items()):
            lines.append(f'edge_limited_total{{application="{_label(application)}",kind="{kind}"}} {number}')
    for name, kind, help_text, value in (
        ("edge_client_connections", "gauge", "Connections of clients.", measures.client_connections),
        ("edge_upstream_retries_total", "counter", "Requests given to one more endpoint.", measures.retries),
        ("edge_upstream_ejections_total", "counter", "Times an endpoint was passed over.", measures.ejections),
        ("edge_access_lines_lost_total", "counter", "Access lines not written.", measures.access_lines_lost),
        (
            "edge_proxy_headers_refused_total",
            "counter",
            "Connections closed because no valid PROXY header came.",
            measures.proxy_headers_refused,
        ),
        ("edge_snapshot_revision", "gauge", "The manifest that is served.", measures.snapshot_revision),
    ):
        _family(lines, name, kind, help_text)
        lines.append(f"{name} {value}")
    if measures.endpoint_revision_age is not None:
        name = "edge_endpoint_revision_age_seconds"
        _family(lines, name, "gauge", "Since the newest change of endpoints was taken.")
        lines.append(f"{name} {measures.endpoint_revision_age:.3f}")
    return "\n".join(lines) + "\n"


def _family(lines: list[str], name: str, kind: str, help_text: str) -> None:
    lines.append(f"# HELP {name} {help_text}")
    lines.append(f"# TYPE {name} {kind}")


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
