"""Tallies: bounded, and never less for what is gone."""

from __future__ import annotations

from edge.gateway.balancing.target import shown
from edge.gateway.telemetry.tally import folded, total
from edge.gateway.telemetry.traffic import Traffic

ONE, TWO, THREE = ("10.0.0.1", 80), ("10.0.0.2", 80), ("fd00::1", 80)


def requests(traffic: Traffic) -> dict[str, int]:
    return {name: tally.requests for name, tally in traffic.tallies()["shop"]["web"].items()}


def ask(traffic: Traffic, *addresses: tuple[str, int] | None) -> None:
    for address in addresses:
        traffic.record("shop", "web", address, 200, 0.002)


def test_each_endpoint_has_its_own_numbers() -> None:
    traffic = Traffic()
    ask(traffic, ONE, TWO, ONE, None)
    assert requests(traffic) == {"10.0.0.1:80": 2, "10.0.0.2:80": 1, "": 1}
    assert shown(THREE) == "[fd00::1]:80"


def test_endpoints_beyond_the_limit_count_together() -> None:
    traffic = Traffic(limit=2)
    ask(traffic, ONE, TWO, THREE, THREE, ("10.0.0.4", 80), ONE, None)
    assert requests(traffic) == {"10.0.0.1:80": 2, "10.0.0.2:80": 1, "other": 3, "": 1}
    traffic.fold_gone(lambda application, upstream: {TWO, THREE})
    ask(traffic, THREE)
    assert requests(traffic) == {"10.0.0.2:80": 1, "[fd00::1]:80": 1, "other": 3, "": 3}, "there is room again"


def test_endpoints_that_are_gone_stay_in_the_sums_of_their_upstream() -> None:
    traffic = Traffic()
    ask(traffic, ONE, ONE, TWO)
    before = total(traffic.tallies()["shop"]["web"])
    asked: list[tuple[str, str]] = []

    def addresses(application: str, upstream: str) -> set[tuple[str, int]]:
        asked.append((application, upstream))
        return {TWO}

    assert traffic.begun
    traffic.fold_gone(addresses)
    assert requests(traffic) == {"10.0.0.2:80": 1, "": 2}
    assert total(traffic.tallies()["shop"]["web"]) == before
    assert asked == [("shop", "web")]
    assert not traffic.begun
    ask(traffic, TWO)
    assert not traffic.begun
    ask(traffic, ONE)
    assert traffic.begun, "the answer of a request that was still on its way"


def test_what_a_thousand_generations_of_pods_counted_takes_the_room_of_one() -> None:
    traffic = Traffic(limit=10)
    for generation in range(1000):
        address = ("10.0.0.1", generation)
        ask(traffic, address)
        traffic.fold_gone(lambda application, upstream, there=address: {there})
    assert requests(traffic) == {"10.0.0.1:999": 1, "": 999}


def test_an_upstream_or_application_that_is_gone_has_no_numbers_and_stays_in_the_sum_of_all() -> None:
    traffic = Traffic(limit=2)
    for application, upstream in (("shop", "old"), ("shop", "web"), ("gone", "web"), ("gone", "")):
        for address in (ONE, TWO, None):
            traffic.record(application, upstream, address, 200, 0.002)
    traffic.fold_gone(lambda application, upstream: {ONE, TWO} if (application, upstream) == ("shop", "web") else None)
    assert list(traffic.tallies()) == ["shop"]
    assert requests(traffic) == {"other": 2, "": 1}
    assert traffic.gone.requests == 9
    ask(traffic, ONE)
    assert requests(traffic) == {"10.0.0.1:80": 1, "other": 2, "": 1}, "there is room again"


def test_what_ended_workers_counted_is_folded_as_soon_as_no_living_one_counts_for_the_endpoint() -> None:
    past, living = Traffic(), Traffic()
    ask(past, ONE, ONE, TWO, None)
    ask(living, TWO)
    kept = folded(past.tallies(), [living.tallies(), {}])["shop"]["web"]
    assert {name: tally.requests for name, tally in kept.items()} == {"": 3, "10.0.0.2:80": 1}
    assert requests(past) == {"10.0.0.1:80": 2, "10.0.0.2:80": 1, "": 1}, "nothing was changed by asking"
