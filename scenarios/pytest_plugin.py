"""pytest collects scenario files: every `*.yaml` below a folder called `scenarios` that declares `title` and `steps`.

`pytest scenarios/library -n auto` runs them all; `--scenario-target` chooses the target, `--scenario-seed` the seed. A
file that is wrong is an error at collection, with file, line and key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scenarios.loading import Case
    from scenarios.runner import Result
    from scenarios.targets import Source

FOLDER = "scenarios"
SOURCE = pytest.StashKey["Source"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("scenarios")
    group.addoption("--scenario-target", default="simulator", help="simulator, kubeconfig:PATH, kind or kind:NAME")
    group.addoption("--scenario-seed", type=int, default=1, help="fixes what is chosen by chance")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".yaml" or FOLDER not in file_path.parent.parts:
        return None
    from scenarios.running import declares_scenario

    if not declares_scenario(file_path):
        return None
    collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collector


def _source(config: pytest.Config) -> Source:
    """The session's targets: a kind cluster is made once."""
    from scenarios.targets import find

    if SOURCE not in config.stash:
        config.stash[SOURCE] = find(config.getoption("--scenario-target"))
    return config.stash[SOURCE]


def pytest_unconfigure(config: pytest.Config) -> None:
    if SOURCE in config.stash:
        from scenarios.errors import TargetError

        try:
            asyncio.run(config.stash[SOURCE].close())
        except TargetError as error:
            config.get_terminal_writer().line(f"cleaning up failed: {error}", red=True)


class ScenarioFile(pytest.File):
    """One scenario file; an item per case of its matrix."""

    def collect(self) -> Iterator[pytest.Item]:
        from scenarios.errors import FileError
        from scenarios.loading import load

        try:
            cases = load(self.path)
        except FileError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            item: ScenarioItem = ScenarioItem.from_parent(self, name=case.title, case=case)
            yield item


class Failed(Exception):
    """A scenario did not hold; the message says why."""


class ScenarioItem(pytest.Item):
    """One case. Its own steps have their times, so pytest's timeout is set far away."""

    def __init__(self, *, case: Case, **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]  # pytest's own keywords
        self._case = case
        if self.config.pluginmanager.hasplugin("timeout"):
            self.add_marker(pytest.mark.timeout(600))

    def runtest(self) -> None:
        from scenarios.runner import Run

        seed = self.config.getoption("--scenario-seed")
        result = asyncio.run(Run(self._case, _source(self.config)(), seed).run())
        if result.state == "skipped":
            raise pytest.skip.Exception(result.reason, _use_item_location=True)  # the file, not this line
        if result.state != "held":
            raise Failed(explain(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        from scenarios.errors import TargetError

        if isinstance(excinfo.value, Failed | TargetError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self._case.title


def explain(result: Result) -> str:
    """What failed, with everything that was expected and observed."""
    lines = [f"{result.case.path}: {result.case.title}: {result.state} (seed {result.seed})"]
    for outcome in result.outcomes:
        if outcome.state in ("failed", "error"):
            lines += [f"line {outcome.line}: {outcome.title}", *(f"    {x}" for x in outcome.explain().splitlines())]
    return "\n".join(lines)
