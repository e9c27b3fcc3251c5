"""Adding up over workers."""

from __future__ import annotations

import msgspec

from edge.gateway.telemetry.counters import Counters
from edge.gateway.telemetry.metrics import Measures, add
from edge.gateway.telemetry.tally import Tally, total


def measured(*, revision: int, age: float | None) -> Measures:
    counters = Counters()
    record = counters.traffic.record
    record("shop", "web", ("10.0.0.1", 80), 200, 0.0009)
    record("shop", "web", ("10.0.0.1", 80), 404, 0.3)
    record("shop", "web", None, 499, 100.0)
    record("", "", None, 400, 0.001)
    counters.limit("shop", "rate")
    counters.limit("shop", "rate")
    return Measures(
        traffic=counters.traffic.tallies(),
        upstream_connections={"idle": 2, "busy": 1, "connecting": 0},
        endpoint_connections={"10.0.0.1:80": 3},
        ejected={"10.0.0.2:80": 1},
        client_connections=5,
        retries=1,
        cache={"hit": 3, "miss": 1},
        proxy_headers_refused=2,
        limited=counters.limited,
        snapshot_revision=revision,
        endpoint_revision_age=age,
    )


def test_workers_are_added_up_and_the_slowest_counts() -> None:
    summed = add([measured(revision=7, age=1.0), measured(revision=6, age=3.0), measured(revision=8, age=None)])
    web = summed.traffic["shop"]["web"]
    assert {name: tally.classes for name, tally in web.items()} == {"10.0.0.1:80": [0, 3, 0, 3, 0], "": [0, 0, 0, 3, 0]}
    assert total(web).requests == 9
    assert round(total(web).seconds, 3) == round(3 * (0.0009 + 0.3 + 100), 3)
    assert summed.traffic[""][""][""] == Tally([0, 0, 0, 3, 0], [3] + 15 * [0], 0.003)
    assert (summed.endpoint_connections, summed.ejected) == ({"10.0.0.1:80": 9}, {"10.0.0.2:80": 3})
    assert summed.cache == {"hit": 9, "miss": 3}
    assert summed.proxy_headers_refused == 6
    assert summed.limited == {"shop": {"rate": 6}}
    assert summed.upstream_connections == {"idle": 6, "busy": 3, "connecting": 0}
    assert (summed.snapshot_revision, summed.endpoint_revision_age) == (6, 3.0)
    assert add([]) == Measures()


def test_measures_cross_a_channel_unchanged() -> None:
    one = measured(revision=7, age=1.0)
    assert msgspec.json.decode(msgspec.json.encode(one), type=Measures) == one
