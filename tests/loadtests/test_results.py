"""Medians, ratios, goals and tables."""

import math
import xml.etree.ElementTree as ElementTree

from loadtests.peers import chart, goals
from loadtests.peers.cases import BY_NAME, CASES, QUICK, ask
from loadtests.peers.load import Outcome
from loadtests.peers.measuring import half_rates
from loadtests.peers.results import Idle, Memory, Row, Sample, idle_table, markdown, summarize, table
from loadtests.peers.work import Work


def sample(proxy: str, cpu: float, requests: int = 1_000_000, label: str = "round", rate: float = 0.0, **outcome):
    told = {"seconds": 2.0, "requests": requests, "failed": 0, "p50": 1.0, "p99": 2.0, **outcome}
    return Sample("keepalive", proxy, label, rate, Outcome(**told), cpu, Memory(50.0, 40.0, 60.0))


def row(proxy: str, per_request: float, label: str = "", p99: float = 1.0, **ratios: float) -> Row:
    return Row(proxy, label, 0.0, 1000.0, 0.5, p99, per_request, Memory(50.0, 40.0, 60.0), 0, 0, ratios)


def test_a_row_is_the_median_of_its_rounds_and_ratios_are_taken_round_by_round() -> None:
    samples = [
        sample("edge", 40), sample("envoy", 80),
        sample("edge", 90), sample("envoy", 100),
        sample("edge", 50), sample("envoy", 100, failed=3),
    ]  # fmt: skip
    edge, envoy = summarize(samples)
    assert (edge.proxy, edge.per_request, edge.requests) == ("edge", 50.0, 500_000.0)
    assert edge.ratios == {"envoy": 0.5}
    assert (envoy.failed, envoy.ratios) == (3, {"envoy": 1.0})


def test_rates_are_rows_of_their_own() -> None:
    rows = summarize([sample("edge", 1, label="a", rate=5.0), sample("edge", 2, label="b", rate=9.0)])
    assert [(r.label, r.rate) for r in rows] == [("a", 5.0), ("b", 9.0)]


def test_a_sample_without_an_answer_costs_without_bound() -> None:
    assert sample("edge", 1.0, requests=0).per_request == math.inf


def test_everybody_is_driven_at_half_its_own_peak_and_at_half_of_edges() -> None:
    assert half_rates({"edge": 20.0, "envoy": 10.0}) == [
        ("edge", 10.0, "half its own peak"),
        ("envoy", 5.0, "half its own peak"),
        ("envoy", 10.0, "half of edge's peak"),
    ]


def test_goals_are_judged_only_where_their_numbers_are_there() -> None:
    rows = {
        "keepalive": [row("edge", 40, envoy=0.6, nginx=1.9)],
        "steady": [row("edge", 1, "half its own peak", p99=2.0), row("envoy", 1, "half its own peak", p99=3.0)],
        "growth": [row("10 x 10", 40), row("1000 x 10", 60)],
    }
    judged = {goal.what: goal.met for goal in goals.judge(rows)}
    assert list(judged.values()) == [True, False, True, False, True, True, False]
    assert goals.judge({}) == []


def test_a_table_is_aligned_and_every_proxy_has_its_line() -> None:
    text = markdown(table([row("edge", 41.26, envoy=0.5), row("nginx", 20.0)]))
    lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "41.3 |" in lines[2]
    assert "– |" in lines[3]
    idle = markdown(idle_table([Idle("edge", 1000, 50.0, 60.0, 0.01)]))
    assert "10.2" in idle


def test_the_chart_is_valid_xml_with_a_bar_for_each_row_and_escapes_names() -> None:
    text = chart.svg({"a <case>": [row("edge", 40), row("envoy", 80), row("gone", math.inf)]}, "CPU & time")
    root = ElementTree.fromstring(text)
    bars = [e for e in root.iter("{http://www.w3.org/2000/svg}rect") if e.get("x")]
    assert [float(bar.get("width")) for bar in bars] == [230.0, 460.0, 0.0]
    assert root.find("{http://www.w3.org/2000/svg}title").text == "CPU & time"


def test_every_case_asks_for_what_its_title_says() -> None:
    work = Work(1, 2)
    assert set(QUICK) <= set(BY_NAME)
    assert len({case.name for case in CASES}) == len(CASES)
    assert len(ask(BY_NAME["hosts"], work).hosts) == 10_000
    assert ask(BY_NAME["new"], work).close
    assert ask(BY_NAME["up-10m"], work).upload == 10 * 1024 * 1024
    assert ask(BY_NAME["down-64k"], work).answer == 65536
