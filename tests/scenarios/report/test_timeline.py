from xml.etree import ElementTree

from scenarios.report.timeline import lanes
from scenarios.timeline import Outcome, Timeline
from tests.scenarios.report.made import result


def drawn(found):
    """The lanes by name: (kind, at in percent, title) of each mark, and what is read out."""
    rows = ElementTree.fromstring(lanes(found)).findall("div[@class='lane']")[:-1]  # the last is the axis
    return {
        row.find("div").text: (
            [
                (mark.get("class"), float(mark.get("x")[:-1]), mark.find("title").text)
                for mark in row.find("svg").findall("rect")
            ],
            row.find("svg").get("aria-label"),
        )
        for row in rows
    }


async def test_every_lane_is_there_in_its_order():
    assert list(drawn(result())) == [
        "steps",
        "given",
        "invariants",
        "faults",
        "API requests",
        "watch events",
        "endpoints in Kubernetes",
        "endpoints in Admin",
        "endpoints in gateway-1",
        "traffic steady",
        "latency steady",
    ]


async def test_steps_are_where_and_as_long_as_they_were_and_red_when_they_failed():
    marks, said = drawn(result())["steps"]
    assert [(kind, at) for kind, at, _ in marks] == [
        ("given", 0),
        ("action", 25),
        ("wrong", 35),
        ("wrong", 75),
        ("finally", 75),
        ("finally", 80),
    ]
    assert marks[1][2] == "0.50 s, for 0.20 s: scale <x> (held)"
    assert said == "steps: 6 of 8; the longest took 0.80 s: expect three"


async def test_a_fault_lasts_from_its_begin_to_its_end():
    assert drawn(result())["faults"] == (
        [("fault", 45, "0.90 to 1.30 s: gateway-1 is down")],
        "faults: gateway-1 is down from 0.9 to 1.3 s",
    )


async def test_refused_requests_are_red_and_counted():
    assert drawn(result())["API requests"] == (
        [("wrong", 30, "0.60 s: list /api 401")],
        "API requests: 1, 1 of them refused",
    )


async def test_endpoints_stay_until_they_change_and_are_shown_as_away_where_nobody_answered():
    marks, said = drawn(result())["endpoints in Admin"]
    assert [(kind, at) for kind, at, _ in marks if kind != "unreached"] == [("area", 25), ("area", 35), ("away", 40)]
    assert said == "endpoints in Admin: 1 from 0.50 s, 3 from 0.70 s, away from 0.80 s"


async def test_traffic_shows_its_errors_and_latency():
    found = drawn(result())
    assert found["traffic steady"][1] == "traffic steady: 20 answers, 1 errors"
    assert [at for kind, at, _ in found["traffic steady"][0] if kind == "wrong"] == [0]
    assert found["latency steady"][1] == "latency steady: p99 up to 10.0 ms"


async def test_an_invariant_is_red_from_the_moment_it_broke():
    broken = Outcome(kind="invariant", title="a", state="failed", started=0.5, seconds=1)
    found = drawn(result(outcomes=[broken]))
    assert [(kind, at) for kind, at, _ in found["invariants"][0]] == [("invariant", 25), ("wrong", 75)]


async def test_a_run_in_which_nothing_happened_has_lanes_all_the_same():
    empty = result(outcomes=[], traffic={})
    empty.timeline = Timeline()
    assert list(drawn(empty)) == ["steps"]
