"""What an agent tells of its workers' requests."""

import asyncio

from edge import virtual_time
from edge.gateway.agent.traffic_report import TrafficReport, bounded, since
from edge.gateway.telemetry.tally import Tally
from edge.wire.messages import Series


def tally(requests, bucket=0):
    latency = [0] * 16
    latency[bucket] = requests
    return Tally([0, requests, 0, 0, 0], latency, requests / 100)


def sums(**endpoints):
    return {"shop": {"web": {name.replace("_", ""): tally(number) for name, number in endpoints.items()}}}


def told(series):
    return {one.endpoint: sum(one.classes) for one in series}


def test_only_what_was_counted_since_is_told():
    assert told(since(sums(a=3, b=1), sums(a=5, b=1, c=2))) == {"a": 2, "c": 2}
    (series,) = since(sums(a=3), sums(a=5))
    assert series == Series("shop", "web", "a", (0, 2, 0, 0, 0), (2, *[0] * 15), 0.02)


def test_the_sum_of_an_upstream_is_right_when_an_endpoint_goes_and_when_it_comes_again():
    assert told(since(sums(a=3, _=1), sums(_=6))) == {"": 2}, "two more before it went"
    assert told(since(sums(a=3), sums(_=3))) == {}
    assert told(since(sums(a=3, b=1), sums(a=2, b=1, _=3))) == {"a": 2, "": 3}


def test_at_most_so_many_endpoints_are_named_and_the_others_count_in_the_rest():
    series = since({}, sums(a=3, b=1, c=9, d=2, _=1))
    assert told(bounded(series, 2)) == {"c": 9, "a": 3, "": 4}
    assert told(bounded(since({}, sums(a=3, b=1)), 1)) == {"a": 3, "": 1}
    assert sum(sum(one.latency) for one in bounded(series, 2)) == 16


def test_a_report_covers_what_was_counted_since_the_last_that_was_sent():
    async def main():
        takes, reports = [True], []

        def send(report):
            if takes[0]:
                reports.append((report.seconds, told(report.series)))
            return takes[0]

        async def tick(tallies):
            await asyncio.sleep(2)
            reporter.tell(tallies)

        reporter = TrafficReport(send)
        await tick(sums(a=100))
        assert reports == [], "what was before nobody knows"
        await tick(sums(a=110))
        await tick(sums(a=110))
        assert reports == [(2, {"a": 10})], "nothing was asked"
        takes[0] = False
        await tick(sums(a=115))
        takes[0] = True
        await tick(sums(a=116))
        assert reports[1:] == [(4, {"a": 6})], "the last one waited"
        reporter.interrupt()
        await tick(sums(a=160))
        await tick(sums(a=163))
        assert reports[2:] == [(2, {"a": 3})], "the time without an Admin has no chart"

    virtual_time.run(main())
