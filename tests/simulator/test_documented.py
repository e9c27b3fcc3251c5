"""The examples of docs/simulator.md, run as they stand there, and the table of faults held to the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, cast

import click
import pytest

from simulator.api import faults
from simulator.cli import record, simulator
from simulator.control.control import Control, Controlled
from simulator.control.http import Refusal, Request
from simulator.kubelet import behaviour, routes
from simulator.plugin import TAKES
from tests.simulator.test_plugin import pytest_in

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
LEFT_OPEN_BY_PYTHON = "ignore:unclosed <ssl.SSLSocket:ResourceWarning"
"""What a server's crash does to a client that has just connected: `SSLSocket._create` of CPython 3.11 raises the reset
and leaves its socket to the garbage collector."""
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
    run = pytest_in(tmp_path, "-W", LEFT_OPEN_BY_PYTHON)
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


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("command", [simulator, record], ids=lambda command: command.name)
def test_every_option_is_documented(command: click.Command) -> None:
    options = [option for parameter in command.params for option in parameter.opts]
    assert options
    assert [option for option in options if f"`{option} " not in section("Start it")] == []


async def test_every_control_route_is_documented() -> None:
    async def refused(method: str, path: str) -> str:
        with pytest.raises(Refusal) as refusal:
            await Control(cast(Controlled, None)).handle(Request(method, f"/control/v1/{path}", None))
        body: dict[str, Any] = refusal.value.body
        return str(body["error"]["message"])

    names = (await refused("GET", "nothing")).partition("there is ")[2].partition("there is ")[2].split(", ")
    assert len(names) > 5
    for name in [*names, "faults/ID"]:
        takes = re.findall(r"[A-Z]{3,}", (await refused("BREW", name)).partition(" takes ")[2].partition(", not ")[0])
        assert takes
        assert [f"{method} {name}" for method in takes if f"`{method} {name}`" not in section("Control API")] == []


def test_every_path_and_annotation_of_a_pod_is_documented() -> None:
    paths = [*re.findall(r'kind == "(\w+)"', inspect.getsource(routes)), "ws"]
    assert len(paths) > 5
    assert [path for path in paths if not re.search(rf"`/{path}[`/]", section("Pods"))] == []
    _, problems = behaviour.parse({"simulator/nothing": ""})
    annotations = problems[0].partition("expected one of ")[2].split(", ")
    assert len(annotations) > 4
    assert [name for name in annotations if f"`simulator/{name}`" not in section("Pods")] == []
