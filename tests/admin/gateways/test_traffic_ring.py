"""Bins of requests: spread by time, bounded, forgotten."""

import pytest

from edge.admin.gateways import traffic_ring
from edge.admin.gateways.traffic_ring import CELLS, KEPT, STEP, Ring
from edge.model.latency import BUCKETS
from edge.wire.messages import Series, Traffic

NOW = 1_000_000.0
SHOP = {"shop": None}


def series(requests, endpoint="a", upstream="web", application="shop", classes=None, bucket=0):
    latency = [0] * 16
    latency[bucket] = requests
    return Series(application, upstream, endpoint, classes or (0, requests, 0, 0, 0), tuple(latency), 0.1)


def traffic(*given, seconds=5.0, bounds=BUCKETS):
    return Traffic(seconds, bounds, given)


def rates(ring, now=NOW + 10, count=4):
    return [round(one.rate, 3) for one in ring.of("shop", ring.places(now, count))]


def test_a_report_is_spread_over_the_time_that_it_covers():
    ring = Ring()
    ring.take(traffic(series(100), seconds=10.0), SHOP, NOW + 2.5)
    assert rates(ring) == [0.0, 5.0, 10.0, 5.0]
    ring.take(traffic(series(50)), SHOP, NOW)
    assert rates(ring) == [0.0, 5.0, 20.0, 5.0], "another gateway's counts are added"


def test_bins_show_classes_and_quantiles_of_the_application_and_of_each_endpoint():
    ring = Ring()
    ring.take(traffic(series(90, "a"), series(10, "b", classes=(0, 0, 0, 0, 10), bucket=9)), SHOP, NOW)
    places = ring.places(NOW + 10, 4)
    (bin,) = [one for one in ring.of("shop", places) if one.rate]
    assert (bin.rate, bin.classes) == (20.0, (0.0, 18.0, 0.0, 0.0, 2.0))
    assert bin.p50 == pytest.approx(0.001 * 50 / 90)
    assert 0.5 < bin.p99 <= 1.0
    found = ring.endpoints("shop", places)
    assert list(found) == [("web", "a"), ("web", "b")], "those with most requests first"
    assert [one.rate for one in found["web", "b"]] == [0.0, 0.0, 2.0, 0.0]
    assert ring.total("shop", places)["web", "b"].rate == 10 / 20
    assert ring.of("other", places) == [traffic_ring.QUIET] * 4


def test_only_whole_bins_that_every_gateway_told_of_are_shown():
    places = Ring().places(NOW + 7.9)
    assert (places.stop * STEP, len(places)) == (NOW, KEPT)
    assert Ring().places(NOW + 8.0).stop * STEP == NOW + 5


def test_what_is_old_is_forgotten():
    ring = Ring()
    for step in range(3 * KEPT):
        ring.take(traffic(series(1)), SHOP, NOW + step * STEP)
    assert repr(ring) == f"<Ring bins={KEPT} cells={KEPT}>"


def test_a_bin_names_a_bounded_number_of_endpoints():
    ring = Ring()
    for number in range(CELLS + 20):
        ring.take(traffic(series(1, f"10.0.0.1:{number}")), SHOP, NOW)
    total = ring.total("shop", ring.places(NOW + 10, 4))
    assert len(total) == CELLS + 1
    assert total["web", ""].rate == 20 / 20


def test_a_bin_names_a_bounded_number_of_upstreams_whatever_a_gateway_says():
    ring = Ring()
    for number in range(2 * CELLS + 20):
        ring.take(traffic(series(1, "", f"upstream {number}")), SHOP, NOW)
    total = ring.total("shop", ring.places(NOW + 10, 4))
    assert len(total) == 2 * CELLS + 1
    assert total["", ""].rate == 20 / 20


@pytest.mark.parametrize(
    "given",
    [
        traffic(series(1, application="not served there")),
        traffic(series(1), seconds=0.0),
        traffic(series(1), seconds=-5.0),
        traffic(series(1, classes=(1, 2))),
        traffic(series(1, classes=(0, -1, 0, 0, 0))),
        traffic(series(1, endpoint="x" * 301)),
        traffic(series(1), bounds=BUCKETS[:3]),
        traffic(Series("shop", "web", "a", (), (), 0.0), bounds=()),
    ],
)
def test_what_makes_no_sense_is_left_out(given):
    ring = Ring()
    ring.take(given, SHOP, NOW)
    assert repr(ring) == "<Ring bins=0 cells=0>"


def test_requests_of_a_gateway_with_other_buckets_count_and_have_no_latency():
    ring = Ring()
    ring.take(traffic(Series("shop", "web", "a", (0, 5, 0, 0, 0), (2, 3), 0.1), bounds=(1.0,)), SHOP, NOW)
    (bin,) = [one for one in ring.of("shop", ring.places(NOW + 10, 4)) if one.rate]
    assert (bin.rate, bin.p50) == (1.0, None)
