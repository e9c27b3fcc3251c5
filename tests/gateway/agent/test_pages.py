import re
from pathlib import Path

import msgspec

from edge import virtual_time
from edge.gateway.agent.pages import StatusPages, Totals, oldest
from edge.gateway.agent.relay import WORKERS, Relay
from edge.gateway.telemetry.metrics import Measures
from edge.gateway.telemetry.prometheus import render
from edge.gateway.telemetry.tally import Tally
from edge.wire.content import Content
from edge.wire.subscription import Subscription
from tests.wire.house import Notes, World, release


def measures(requests, revision=1, endpoint="10.0.0.1:80", **options):
    counted = Tally([0, requests, 0, 0, 0], [requests] + 15 * [0], requests / 100)
    return Measures(traffic={"shop": {"u1": {endpoint: counted}}}, snapshot_revision=revision, **options)


def asked(totals, answers, connected):
    total = totals.add(answers, connected)
    return sum(tally.requests for tally in total.traffic["shop"]["u1"].values())


def test_a_sum_never_falls_when_a_worker_does_not_answer_or_ends():
    totals = Totals()
    assert asked(totals, {"0.0": measures(10), "1.0": measures(5)}, ("0.0", "1.0")) == 15
    assert asked(totals, {"0.0": measures(11)}, ("0.0", "1.0")) == 16, "1.0 did not answer in time"
    assert asked(totals, {"0.0": measures(12)}, ("0.0",)) == 17, "1.0 has ended"
    assert asked(totals, {"0.0": measures(12), "1.1": measures(1)}, ("0.0", "1.1")) == 18
    assert asked(totals, {}, ()) == 18


def test_what_a_worker_counted_after_it_was_last_asked_is_told_when_it_leaves():
    totals = Totals()
    assert asked(totals, {"0.0": measures(10)}, ("0.0",)) == 10
    totals.note("0.0", measures(14))
    assert asked(totals, {"0.1": measures(1)}, ("0.1",)) == 15


def test_what_ended_workers_counted_for_an_endpoint_goes_with_it_and_stays_in_its_upstream():
    def named(answers):
        upstream = totals.add(answers, tuple(answers)).traffic["shop"]["u1"]
        return {endpoint: tally.requests for endpoint, tally in upstream.items()}

    totals = Totals()
    assert named({"0.0": measures(10), "1.0": measures(5)}) == {"10.0.0.1:80": 15}
    assert named({"0.0": measures(11)}) == {"10.0.0.1:80": 16}, "1.0 has ended, 0.0 knows the endpoint"
    assert named({"0.0": measures(11, endpoint="")}) == {"": 16}, "it is gone"
    assert named({"0.0": measures(12)}) == {"10.0.0.1:80": 12, "": 5}, "it came again, and begins anew"


def test_applications_that_are_no_more_are_in_the_sum_of_all_alone():
    served = {"shop": None}
    totals = Totals(lambda: served)
    assert asked(totals, {"0.0": measures(10, limited={"shop": {"rate": 1}})}, ("0.0",)) == 10
    served.clear()
    kept = Tally([0, 4, 0, 0, 0], [4] + 15 * [0], 0.04)
    total = totals.add({"0.1": Measures(traffic={"": {"": {"": kept}}}, gone=kept)}, ("0.1",))
    assert (list(total.traffic), total.gone.requests, total.limited) == ([""], 14, {})
    assert "edge_request_seconds_count 18\n" in render(total)
    assert totals.add({}, ("0.1",)).gone.requests == 14, "added once"


def test_what_only_a_living_worker_has_ends_with_it():
    totals = Totals()
    totals.add({"0.0": measures(1, 7, client_connections=3, upstream_connections={"idle": 2})}, ("0.0",))
    total = totals.add({"0.1": measures(1, 9)}, ("0.1",))
    assert (total.client_connections, total.upstream_connections, total.snapshot_revision) == (0, {}, 9)


def described(manifest, **revisions):
    sources = [
        {"cluster": "c", "namespace": "n", "service": name, "port": 80, "revision": number, "endpoints": [number]}
        for name, number in revisions.items()
    ]
    return {"manifest": manifest, "applications": [manifest], "sources": sources, "origin": "admin"}


def test_the_oldest_snapshot_is_shown_with_the_oldest_state_of_each_of_its_sources():
    found = oldest([described(2, a=5, b=1, c=1), described(1, a=7, b=3)])
    assert (found["manifest"], found["applications"]) == (1, [1])
    assert [(state["service"], state["revision"]) for state in found["sources"]] == [("a", 5), ("b", 1)]


def test_a_worker_that_has_just_started_shows_nothing_until_it_serves_what_there_is():
    async def main():
        relay = Relay(2, Content(*release(1)[:1], {}, {}))
        pages = pages_of(relay)
        async with World(relay.hub) as world:
            for name, number in (("0.0", 5), ("1.0", 0)):
                answers = {
                    "metrics": lambda number=number: msgspec.json.encode(measures(1, number)),
                    "snapshot": lambda number=number: msgspec.json.encode(described(number)),
                }
                world.connect(Subscription(Notes(), answers=answers), name, WORKERS)
            await world.settle()
            assert msgspec.json.decode((await pages.snapshot()).body)["manifest"] == 5
            assert b"edge_snapshot_revision 5\n" in (await pages.metrics()).body
            await relay.hub.disconnect("0.0", "it was killed")
            await world.settle()
            assert (await pages.snapshot()).status == 503

    virtual_time.run(main())


def pages_of(relay, **options):
    state = {"restarts": 0, "connected": True, "draining": False} | options
    return StatusPages(relay, lambda: state["restarts"], lambda: state["connected"], lambda: state["draining"])


def test_the_pages_tell_of_two_workers():
    async def main():
        relay = Relay(2)
        pages = pages_of(relay, restarts=3)
        async with World(relay.hub) as world:
            assert (await pages.live()).status == 200
            assert (await pages.ready()).status == 503
            assert (await pages.snapshot()).status == 503
            for name, number in (("0.0", 5), ("1.0", 6)):
                answers = {
                    "metrics": lambda number=number: msgspec.json.encode(measures(number)),
                    "snapshot": lambda number=number: msgspec.json.encode(described(number)),
                }
                world.connect(Subscription(Notes(), answers=answers), name, WORKERS)
            await world.settle()
            assert (await pages.ready()).status == 503, "they serve nothing yet"
            relay.hub.publish_manifest(*release(1), partition=WORKERS)
            await world.settle()
            assert (await pages.ready()).status == 200
            page = await pages.metrics()
            assert page.content_type == "text/plain; version=0.0.4; charset=utf-8"
            assert b'edge_requests_total{application="shop",upstream="u1",status_class="2xx"} 11\n' in page.body
            assert b"edge_gateway_workers 2\n" in page.body
            assert b"edge_gateway_worker_restarts_total 3\n" in page.body
            assert b"edge_gateway_admin_connected 1\n" in page.body
            assert msgspec.json.decode((await pages.snapshot()).body)["manifest"] == 5
            assert (await pages_of(relay, draining=True).ready()).body == b"draining\n"

    virtual_time.run(main())


def test_every_page_and_every_metric_of_the_agent_is_in_the_docs():
    text = (Path(__file__).parents[3] / "docs" / "agent.md").read_text()
    pages = pages_of(Relay(1))
    names = re.findall(r"# TYPE (\w+)", pages._own())
    assert len(names) == 3
    assert [name for name in (*pages.every(), *names) if f"`{name}`" not in text] == []


def test_probes_show_nothing_else():
    pages = pages_of(Relay(1))
    assert list(pages.probes()) == ["/-/live", "/-/ready"]
    assert list(pages.every()) == ["/-/live", "/-/ready", "/-/metrics", "/-/snapshot"]
