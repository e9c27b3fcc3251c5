import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scenarios import marks, report
from scenarios.loading import cases
from scenarios.report.lanes import numbers, per_interval
from scenarios.runner import Result
from scenarios.timeline import Event, Outcome, Timeline
from scenarios.traffic import Sample

TEXT = "title: t <b>\nabout: why & how\ngiven: {edge: none}\nsteps: [wait: 1s]\n"


async def result(**changes):
    [case] = cases(marks.parse(TEXT, Path("some.yaml")), Path("some.yaml"))
    timeline = Timeline()
    timeline.events += [
        Event(0.5, "endpoints in Admin", "1", 1.0),
        Event(0.1, "steps", "scale <x>", None, 0.2, True),
        Event(0.7, "endpoints in Admin", "3", 3.0),
        Event(0.6, "API requests", "list /api 401", bad=True),
    ]
    outcomes = [
        Outcome(kind="action", title="scale <x>", line=4, state="held", seconds=0.2),
        Outcome(
            kind="expectation", title="expect", line=5, state="failed", expected="3", observed="1\x00", changed=0.5
        ),
        Outcome(kind="action", title="kill", line=6, state="error", message="no such process"),
        Outcome(kind="action", title="wait", line=7, state="skipped", message="not reached"),
    ]
    traffic = {"steady": [Sample(0.1 * n, 0.01, "200" if n else "503", "p") for n in range(20)]}
    values = {"state": "failed", "seconds": 2.0, "outcomes": outcomes, "traffic": traffic, **changes}
    return Result(case=case, target="simulator", seed=7, timeline=timeline, **values)


async def test_junit_has_a_case_for_every_step_with_expected_and_observed(tmp_path):
    report.write(tmp_path / "new" / "folder", [await result()])
    suite = ElementTree.parse(tmp_path / "new/folder/junit.xml").getroot()[0]
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "t <b>",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    failure = suite.find("testcase/failure")
    assert failure.text == "expected 3\nobserved 1?\nwhich it was since 0.50 s into the run"
    assert suite.find("testcase/error").text == "no such process"


async def test_a_run_that_was_skipped_is_a_skipped_case(tmp_path):
    report.write(tmp_path, [await result(state="skipped", reason="needs the simulator", outcomes=[], traffic={})])
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert suite.find("testcase/skipped").get("message") == "needs the simulator"


async def test_json_has_outcomes_timeline_in_order_and_traffic_per_second(tmp_path):
    report.write(tmp_path, [await result()])
    [run] = json.loads((tmp_path / "report.json").read_text())["runs"]
    assert (run["state"], run["seed"]) == ("failed", 7)
    assert [event["at"] for event in run["timeline"]] == [0.1, 0.5, 0.6, 0.7]
    assert [(piece["answers"], piece["errors"]) for piece in run["traffic"]["steady"]] == [(10, 1), (10, 0)]


async def test_the_page_stands_alone_and_escapes_what_it_shows(tmp_path):
    report.write(tmp_path, [await result()])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "t &lt;b&gt;" in page
    assert "why &amp; how" in page
    assert "<script" not in page
    assert "http" not in page
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert [text.text for text in svg.iter("text") if text.get("x") == "0" and text.get("class") is None] == [
        "steps",
        "API requests",
        "endpoints in Admin",
        "traffic steady",
        "latency steady",
    ]
    assert "scale <x>" in next(title.text for title in svg.iter("title"))


def test_intervals_between_requests_are_empty_not_missing():
    pieces = per_interval([Sample(0.1, 0.01, "200"), Sample(2.1, 0.03, "closed")], 1.0)
    assert [(piece.at, piece.answers, piece.errors) for piece in pieces] == [(0, 1, 0), (1, 0, 0), (2, 1, 1)]
    assert pieces[2].p99 == pytest.approx(0.03)
    assert per_interval([], 1.0) == []


def test_lanes_of_numbers_are_the_events_that_have_one():
    events = [Event(0, "a", "1", 1.0), Event(1, "b", "x"), Event(2, "a", "2", 2.0)]
    assert numbers(events) == {"a": [(0, 1.0), (2, 2.0)]}
