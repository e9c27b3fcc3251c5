"""Prometheus' text."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from edge.gateway.telemetry.counters import Counters
from edge.gateway.telemetry.metrics import Measures
from edge.gateway.telemetry.prometheus import render
from edge.model.latency import BUCKETS
from tests.gateway.telemetry.test_metrics import measured


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_what_is_rendered() -> None:
    found = samples(render(measured(revision=7, age=1.5)))
    labels = (("application", "shop"), ("status_class", "4xx"), ("upstream", "web"))
    assert found["edge_requests_total", labels] == 2
    of_upstream = (("application", "shop"), ("upstream", "web"))
    assert found["edge_upstream_request_seconds_bucket", (of_upstream[0], ("le", "0.5"), of_upstream[1])] == 2
    assert found["edge_upstream_request_seconds_bucket", (of_upstream[0], ("le", "+Inf"), of_upstream[1])] == 3
    assert found["edge_upstream_request_seconds_count", of_upstream] == 3
    assert found["edge_upstream_request_seconds_sum", of_upstream] == 100.3009
    assert found["edge_upstream_connections", (("state", "idle"),)] == 2
    endpoint = (("application", "shop"), ("endpoint", "10.0.0.1:80"))
    upstream = (("upstream", "web"),)
    assert found["edge_endpoint_requests_total", (*endpoint, ("status_class", "4xx"), *upstream)] == 1
    assert found["edge_endpoint_request_seconds_count", (*endpoint, *upstream)] == 2
    assert found["edge_endpoint_request_seconds_sum", (*endpoint, *upstream)] == 0.3009
    assert found["edge_endpoint_connections", (("endpoint", "10.0.0.1:80"),)] == 3
    assert found["edge_endpoint_ejected", (("endpoint", "10.0.0.2:80"),)] == 1
    assert {dict(labels).get("endpoint") for name, labels in found if "requests_total" in name} == {None, "10.0.0.1:80"}
    assert found["edge_cache_requests_total", (("result", "hit"),)] == 3
    assert found["edge_limited_total", (("application", "shop"), ("kind", "rate"))] == 2
    assert found["edge_snapshot_revision", ()] == 7
    assert found["edge_endpoint_revision_age_seconds", ()] == 1.5
    assert found["edge_request_seconds_count", ()] == 4
    assert found["edge_request_seconds_bucket", (("le", "0.001"),)] == 2
    assert found["edge_request_seconds_bucket", (("le", "0.5"),)] == 3
    assert found["edge_request_seconds_bucket", (("le", "+Inf"),)] == 4
    assert len([name for name, _ in found if name == "edge_request_seconds_bucket"]) == len(BUCKETS) + 1


def test_names_in_labels_are_escaped() -> None:
    counters = Counters()
    counters.traffic.record('a"b\\c\nd', "", None, 200, 0.1)
    rendered = samples(render(Measures(traffic=counters.traffic.tallies())))
    (key,) = (key for key in rendered if key[0] == "edge_requests_total")
    assert dict(key[1])["application"] == 'a"b\\c\nd'


def test_every_metric_is_documented() -> None:
    rendered = set(re.findall(r"# TYPE (\w+) ", render(measured(revision=1, age=1.0))))
    page = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text()
    assert rendered == set(re.findall(r"^\| `(edge_\w+)", page, re.MULTILINE))
