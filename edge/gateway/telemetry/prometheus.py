"""A gateway's numbers as Prometheus' text format 0.0.4.

Names and labels are those of the contracts; docs/gateway.md lists them and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.gateway.telemetry.metrics import Measures
from edge.gateway.telemetry.tally import REST, Tally, total
from edge.model.latency import BUCKETS


def render(measures: Measures) -> str:
    """Prometheus' text format 0.0.4."""
    return "".join(blocks(measures))


def blocks(measures: Measures) -> Iterator[str]:
    """The same in pieces of a few lines: with a thousand applications all of it takes a tenth of a second, in which an
    agent has endpoints to hand on."""
    upstreams = [
        (_labels(application=application, upstream=upstream), total(endpoints))
        for application, found in sorted(measures.traffic.items())
        for upstream, endpoints in sorted(found.items())
    ]
    yield _family("edge_requests_total", "counter", "Requests answered.")
    for labels, tally in upstreams:
        yield _classes("edge_requests_total", labels, tally)
    overall = Tally()
    overall.take(measures.gone)
    yield _family("edge_upstream_request_seconds", "histogram", "The same by application and upstream.")
    for labels, tally in upstreams:
        overall.take(tally)
        if tally.requests:
            yield _histogram("edge_upstream_request_seconds", labels, tally)
    yield _family("edge_request_seconds", "histogram", "From the head of a request to the end of its answer.")
    yield _histogram("edge_request_seconds", "", overall)
    yield from _endpoints(measures)
    yield _others(measures)


def _histogram(name: str, labels: str, tally: Tally) -> str:
    before, inside = (f"{labels},", f"{{{labels}}}") if labels else ("", "")
    lines, below = [], 0
    for bound, number in zip((*map(str, BUCKETS), "+Inf"), tally.latency, strict=True):
        below += number
        lines.append(f'{name}_bucket{{{before}le="{bound}"}} {below}\n')
    lines.append(f"{name}_sum{inside} {tally.seconds:.6f}\n{name}_count{inside} {below}\n")
    return "".join(lines)


def _others(measures: Measures) -> str:
    lines: list[str] = []
    lines.append(_family("edge_upstream_connections", "gauge", "Connections to endpoints by state."))
    for state, number in sorted(measures.upstream_connections.items()):
        lines.append(f'edge_upstream_connections{{state="{state}"}} {number}\n')
    lines.append(
        _family("edge_cache_requests_total", "counter", "Requests of rules that cache, by what became of them.")
    )
    for result, number in sorted(measures.cache.items()):
        lines.append(f'edge_cache_requests_total{{result="{result}"}} {number}\n')
    lines.append(_family("edge_limited_total", "counter", "Requests that met a limit of a page rule."))
    for application, kinds in sorted(measures.limited.items()):
        for kind, number in sorted(kinds.items()):
            lines.append(f'edge_limited_total{{application="{_label(application)}",kind="{kind}"}} {number}\n')
    for name, kind, help_text, value in (
        ("edge_client_connections", "gauge", "Connections of clients.", measures.client_connections),
        ("edge_upstream_retries_total", "counter", "Requests given to one more endpoint.", measures.retries),
        ("edge_upstream_ejections_total", "counter", "Times an endpoint was passed over.", measures.ejections),
        ("edge_access_lines_lost_total", "counter", "Access lines not written.", measures.access_lines_lost),
        ("edge_spans_exported_total", "counter", "Spans that the collector took.", measures.spans_exported),
        ("edge_spans_dropped_total", "counter", "Spans that no collector took.", measures.spans_dropped),
        (
            "edge_proxy_headers_refused_total",
            "counter",
            "Connections closed because no valid PROXY header came.",
            measures.proxy_headers_refused,
        ),
        ("edge_snapshot_revision", "gauge", "The manifest that is served.", measures.snapshot_revision),
    ):
        lines.append(_family(name, kind, help_text))
        lines.append(f"{name} {value}\n")
    if measures.endpoint_revision_age is not None:
        name = "edge_endpoint_revision_age_seconds"
        lines.append(_family(name, "gauge", "Since the newest change of endpoints was taken."))
        lines.append(f"{name} {measures.endpoint_revision_age:.3f}\n")
    return "".join(lines)


def _endpoints(measures: Measures) -> Iterator[str]:
    named = [
        (_labels(application=application, upstream=upstream, endpoint=endpoint), tally)
        for application, upstreams in sorted(measures.traffic.items())
        for upstream, endpoints in sorted(upstreams.items())
        for endpoint, tally in sorted(endpoints.items())
        if endpoint != REST
    ]
    yield _family("edge_endpoint_requests_total", "counter", "Requests that an endpoint was asked last.")
    for labels, tally in named:
        yield _classes("edge_endpoint_requests_total", labels, tally)
    yield _family("edge_endpoint_request_seconds", "summary", "What these requests took.")
    for labels, tally in named:
        yield f"edge_endpoint_request_seconds_sum{{{labels}}} {tally.seconds:.6f}\n"
        yield f"edge_endpoint_request_seconds_count{{{labels}}} {tally.requests}\n"
    for name, help_text, numbers in (
        ("edge_endpoint_connections", "Open connections to an endpoint.", measures.endpoint_connections),
        ("edge_endpoint_ejected", "Workers that pass an endpoint over.", measures.ejected),
    ):
        yield _family(name, "gauge", help_text)
        for endpoint, number in sorted(numbers.items()):
            yield f"{name}{{{_labels(endpoint=endpoint)}}} {number}\n"


def _classes(name: str, labels: str, tally: Tally) -> str:
    return "".join(
        f'{name}{{{labels},status_class="{index + 1}xx"}} {number}\n'
        for index, number in enumerate(tally.classes)
        if number
    )


def _labels(**labels: str) -> str:
    return ",".join(f'{name}="{_label(value)}"' for name, value in labels.items())


def _family(name: str, kind: str, help_text: str) -> str:
    return f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n"


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
