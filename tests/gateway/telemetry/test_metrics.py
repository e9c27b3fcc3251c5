"""Counting, adding up over workers, and Prometheus' text."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from edge.gateway.telemetry.metrics import BUCKETS, Counters, Measures, add, render


def measured(*, revision: int, age: float | None) -> Measures:
    counters = Counters()
    counters.record("shop", "web", 200, 0.0009)
    counters.record("shop", "web", 404, 0.3)
    counters.record("shop", "web", 499, 100.0)
    counters.record("", "", 400, 0.001)
    counters.limit("shop", "rate")
    counters.limit("shop", "rate")
    return Measures(
        requests=counters.requests(),
        latency=counters.latency,
        latency_sum=counters.latency_sum,
        upstream_connections={"idle": 2, "busy": 1, "connecting": 0},
        client_connections=5,
        retries=1,
        cache={"hit": 3, "miss": 1},
        proxy_headers_refused=2,
        limited=counters.limited,
        snapshot_revision=revision,
        endpoint_revision_age=age,
    )


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_workers_are_added_up_and_the_slowest_counts() -> None:
    total = add([measured(revision=7, age=1.0), measured(revision=6, age=3.0), measured(revision=8, age=None)])
    assert total.requests == {"shop": {"web": [0, 3, 0, 6, 0]}, "": {"": [0, 0, 0, 3, 0]}}
    assert sum(total.latency) == 12
    assert round(total.latency_sum, 3) == round(3 * (0.0009 + 0.3 + 100 + 0.001), 3)
    assert total.cache == {"hit": 9, "miss": 3}
    assert total.proxy_headers_refused == 6
    assert total.limited == {"shop": {"rate": 6}}
    assert total.upstream_connections == {"idle": 6, "busy": 3, "connecting": 0}
    assert (total.snapshot_revision, total.endpoint_revision_age) == (6, 3.0)
    assert add([]) == Measures()


def test_measures_cross_a_channel_unchanged() -> None:
    one = measured(revision=7, age=1.0)
    assert msgspec.json.decode(msgspec.json.encode(one), type=Measures) == one


def test_prometheus_reads_what_is_rendered() -> None:
    found = samples(render(measured(revision=7, age=1.5)))
    labels = (("application", "shop"), ("status_class", "4xx"), ("upstream", "web"))
    assert found["edge_requests_total", labels] == 2
    assert found["edge_upstream_connections", (("state", "idle"),)] == 2
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
    counters.record('a"b\\c\nd', "", 200, 0.1)
    (key,) = (key for key in samples(render(Measures(requests=counters.requests()))) if key[0] == "edge_requests_total")
    assert dict(key[1])["application"] == 'a"b\\c\nd'


def test_every_metric_is_documented() -> None:
    rendered = set(re.findall(r"# TYPE (\w+) ", render(measured(revision=1, age=1.0))))
    page = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text()
    assert rendered == set(re.findall(r"^\| `(edge_\w+)", page, re.MULTILINE))
