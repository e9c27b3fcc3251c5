"""The examples of docs/simulator.md, run as they stand there, and the table of faults held to the code."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.api import faults
from simulator.plugin import TAKES
from tests.simulator.test_plugin import pytest_in

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
EXAMPLE = re.compile(r"<!-- example: (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)


def test_every_example_works_as_it_stands(tmp_path: Path) -> None:
    examples = dict(EXAMPLE.findall(PAGE))
    assert [name for name in examples if name.endswith(".py")] == [
        "test_follower.py",
        "test_backoff.py",
        "test_rights.py",
    ]
    for name, text in examples.items():
        (tmp_path / name).write_text(text)
    run = pytest_in(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed" in run.stdout


def test_every_fault_is_documented() -> None:
    types = [kind.__struct_config__.tag for kind in faults.Any_.__args__]
    section = PAGE.partition("\n## Faults\n")[2].partition("\n## ")[0]
    for type in types:
        assert f"`{type}`" in section, type


def test_everything_the_marker_takes_is_documented() -> None:
    section = PAGE.partition("\n## In your tests\n")[2]
    for name in TAKES:
        assert f"{name}=" in section, name
