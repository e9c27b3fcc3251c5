"""A gateway's numbers as Prometheus' text format 0.0.4.

Names and labels are those of the contracts; docs/gateway.md lists them and a test holds the two together.
"""

from __future__ import annotations

from edge.gateway.telemetry.metrics import Measures
from edge.gateway.telemetry.tally import REST, Tally, total
from edge.model.latency import BUCKETS


def render(measures: Measures) -> str:
    """Prometheus' text format 0.0.4."""
    lines: list[str] = []
    _family(lines, "edge_requests_total", "counter", "Requests answered.")
    overall = Tally()
    overall.take(measures.gone)
    for application, upstreams in sorted(measures.traffic.items()):
        for upstream, endpoints in sorted(upstreams.items()):
            tally = total(endpoints)
            overall.take(tally)
            _classes(lines, "edge_requests_total", _labels(application=application, upstream=upstream), tally)
    _family(lines, "edge_request_seconds", "histogram", "From the head of a request to the end of its answer.")
    below = 0
    for bound, number in zip((*map(str, BUCKETS), "+Inf"), overall.latency, strict=True):
        below += number
        lines.append(f'edge_request_seconds_bucket{{le="{bound}"}} {below}')
    lines.append(f"edge_request_seconds_sum {overall.seconds:.6f}")
    lines.append(f"edge_request_seconds_count {below}")
    _endpoints(lines, measures)
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
        _family(lines, name, kind, help_text)
        lines.append(f"{name} {value}")
    if measures.endpoint_revision_age is not None:
        name = "edge_endpoint_revision_age_seconds"
        _family(lines, name, "gauge", "Since the newest change of endpoints was taken.")
        lines.append(f"{name} {measures.endpoint_revision_age:.3f}")
    return "\n".join(lines) + "\n"


def _endpoints(lines: list[str], measures: Measures) -> None:
    named = [
        (_labels(application=application, upstream=upstream, endpoint=endpoint), tally)
        for application, upstreams in sorted(measures.traffic.items())
        for upstream, endpoints in sorted(upstreams.items())
        for endpoint, tally in sorted(endpoints.items())
        if endpoint != REST
    ]
    _family(lines, "edge_endpoint_requests_total", "counter", "Requests that an endpoint was asked last.")
    for labels, tally in named:
        _classes(lines, "edge_endpoint_requests_total", labels, tally)
    _family(lines, "edge_endpoint_request_seconds", "summary", "What these requests took.")
    for labels, tally in named:
        lines.append(f"edge_endpoint_request_seconds_sum{{{labels}}} {tally.seconds:.6f}")
        lines.append(f"edge_endpoint_request_seconds_count{{{labels}}} {tally.requests}")
    for name, help_text, numbers in (
        ("edge_endpoint_connections", "Open connections to an endpoint.", measures.endpoint_connections),
        ("edge_endpoint_ejected", "Workers that pass an endpoint over.", measures.ejected),
    ):
        _family(lines, name, "gauge", help_text)
        for endpoint, number in sorted(numbers.items()):
            lines.append(f"{name}{{{_labels(endpoint=endpoint)}}} {number}")


def _classes(lines: list[str], name: str, labels: str, tally: Tally) -> None:
    for index, number in enumerate(tally.classes):
        if number:
            lines.append(f'{name}{{{labels},status_class="{index + 1}xx"}} {number}')


def _labels(**labels: str) -> str:
    return ",".join(f'{name}="{_label(value)}"' for name, value in labels.items())


def _family(lines: list[str], name: str, kind: str, help_text: str) -> None:
    lines.append(f"# HELP {name} {help_text}")
    lines.append(f"# TYPE {name} {kind}")


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
