"""The fast part of the library; `make scenarios` runs all of it."""

from pathlib import Path

import pytest

from scenarios.loading import load
from scenarios.pytest_plugin import explain
from scenarios.runner import Run
from scenarios.running import load_all
from scenarios.targets import find

LIBRARY = Path(__file__).parents[2] / "scenarios/library"


def test_every_file_of_the_library_can_be_read():
    assert len(load_all([LIBRARY])) >= 20


@pytest.mark.parametrize("name", ["tutorial", "rollback-under-load"])
async def test_a_scenario_of_the_library_holds(name):
    [case] = load(LIBRARY / f"{name}.yaml")
    result = await Run(case, find("simulator")(), seed=1).run()
    assert result.state == "held", explain(result)
