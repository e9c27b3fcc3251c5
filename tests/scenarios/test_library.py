"""The fast part of the library; `make scenarios` runs all of it."""

import re
from pathlib import Path

import pytest

from scenarios.loading import load
from scenarios.pytest_plugin import explain
from scenarios.runner import Run
from scenarios.running import load_all
from scenarios.targets import find

PEER = re.compile(r"[a-z-]+#\d+|gateway-api-bench")
LIBRARY = Path(__file__).parents[2] / "scenarios/library"


def test_every_file_of_the_library_can_be_read():
    assert len(load_all([LIBRARY])) >= 20


def test_what_the_peers_failed_is_all_there_and_each_file_says_who_failed_it_and_where():
    cases = load_all([LIBRARY])
    titles = " ".join(case.title for case in cases)
    assert [number for number in range(1, 19) if f"(S{number})" not in titles] == []
    assert [case.title for case in cases if not PEER.search(case.scenario.about)] == ["the tutorial"]


def test_the_docs_list_every_file():
    text = (LIBRARY.parents[1] / "docs/scenarios.md").read_text(encoding="utf-8")
    assert [
        path.stem for path in LIBRARY.glob("*.yaml") if f"`{path.stem}`" not in text and path.stem != "tutorial"
    ] == []


@pytest.mark.parametrize("name", ["tutorial", "rollback-under-load", "readiness-changed"])
async def test_a_scenario_of_the_library_holds(name):
    [case] = load(LIBRARY / f"{name}.yaml")
    result = await Run(case, find("simulator")(), seed=1).run()
    assert result.state == "held", explain(result)
