import json

from scenarios.report.json import render
from tests.scenarios.report.made import result


async def test_it_has_outcomes_the_timeline_in_order_and_traffic_per_second():
    [run] = json.loads(render([result()]))["runs"]
    assert (run["state"], run["seed"], run["title"], run["file"]) == ("failed", 7, "t <b>", "some.yaml")
    assert [outcome["state"] for outcome in run["outcomes"]][:4] == ["held", "held", "failed", "error"]
    moments = [event["at"] for event in run["timeline"]]
    assert moments == sorted(moments)
    assert len(moments) == 11
    assert [(piece["answers"], piece["errors"]) for piece in run["traffic"]["steady"]] == [(10, 1), (10, 0)]
