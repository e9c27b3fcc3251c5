"""Many cases: found, run side by side, told of on the terminal, reported, and summed up in an exit code."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import yaml

from edge.tasks import Tasks
from scenarios import loading, marks, targets
from scenarios.errors import FileError, Problem, TargetError
from scenarios.loading import Case
from scenarios.runner import Result, Run
from scenarios.timeline import Outcome

HELD, FAILED, WRONG_FILE, NO_TARGET, INTERRUPTED = 0, 1, 2, 3, 130
_MARKS = {
    "held": click.style("✓", fg="green"),
    "failed": click.style("✗", fg="red"),
    "error": click.style("✗", fg="red"),
    "skipped": click.style("-", dim=True),
}


def declares_scenario(path: Path) -> bool:
    """Whether a YAML file of a folder is a scenario: its top level has `title` and `steps`. One that is not even YAML
    is taken for one, so that it is reported instead of passed over."""
    try:
        data = marks.load(path).data
    except FileError:
        return not _is_manifests(path)
    return isinstance(data, dict) and "title" in data and "steps" in data


def _is_manifests(path: Path) -> bool:
    """Whether it is YAML of several documents, as manifests are."""
    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, OSError, UnicodeDecodeError):
        return False
    return len(documents) > 1 and all(d is None or (isinstance(d, dict) and "kind" in d) for d in documents)


def load_all(files: Sequence[Path]) -> list[Case]:
    """The cases of files and of the scenario files below folders. FileError with what is wrong in all of them."""
    found: list[Case] = []
    wrong: list[FileError] = []
    for path in files:
        chosen = _scenarios_below(path) if path.is_dir() else [path]
        if not chosen:
            wrong.append(FileError(path, [Problem(1, "", "there is no scenario file in this folder")]))
        for file in chosen:
            try:
                found += loading.load(file)
            except FileError as error:
                wrong.append(error)
    if wrong:
        raise Several(wrong)
    return found


def _scenarios_below(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*.yaml")) if declares_scenario(file)]


class Several(FileError):
    """What is wrong in several files."""

    def __init__(self, errors: list[FileError]) -> None:
        super().__init__(errors[0].path, [problem for error in errors for problem in error.problems])
        self.args = ("\n".join(str(error) for error in errors),)


async def run_files(files: Sequence[Path], target: str, report: Path | None, seed: int, parallel: int) -> int:
    """Run everything; the exit code."""
    try:
        cases = load_all(files)
        make = targets.find(target)
    except FileError as error:
        click.echo(str(error), err=True)
        return WRONG_FILE
    except TargetError as error:
        click.echo(str(error), err=True)
        return NO_TARGET
    if report is not None and (problem := _unwritable(report)):
        click.echo(problem, err=True)
        return WRONG_FILE
    runs = Runs(cases, make, seed, parallel)
    code = await runs.until_interrupted()
    try:
        await make.close()
    except TargetError as error:
        click.echo(f"cleaning up failed: {error}", err=True)
        code = code or NO_TARGET
    if report is not None and runs.results:
        from scenarios.report import write

        try:
            write(report, runs.results)
        except OSError as error:
            click.echo(f"the report cannot be written to {report}: {error.strerror}", err=True)
            return code or FAILED
        click.echo(f"report {report / 'report.html'}")
    return code


def _unwritable(report: Path) -> str:
    """Why no report can be written to a folder, which is made for it; empty when one can. It is asked first, so that
    nobody waits for a run whose report is lost."""
    try:
        report.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=report):
            return ""
    except OSError as error:
        return f"--report {report}: expected a folder that can be written to: {error.strerror}"


class Runs:
    """Runs cases, `parallel` at a time; `results` are of those that ended, in the order of the files."""

    def __init__(self, cases: list[Case], make: Callable[[], targets.Target], seed: int, parallel: int) -> None:
        self._cases, self._make, self._seed = cases, make, seed
        self._quiet = parallel > 1
        self._room = asyncio.Semaphore(parallel)
        self._tasks = Tasks()
        self._found: dict[int, Result] = {}
        self._unusable = ""  # why the target cannot be used; nothing more begins then

    @property
    def results(self) -> list[Result]:
        return [self._found[index] for index in sorted(self._found)]

    async def until_interrupted(self) -> int:
        """Run all, or until SIGINT or SIGTERM: then what runs is ended and cleaned up."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, asked.set)
        running = self._tasks.start(self._all(), "scenarios")
        ending = self._tasks.start(asked.wait(), "signal")
        await asyncio.wait([running, ending], return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            click.echo("interrupted: ending what was started", err=True)
            running.cancel()
            await asyncio.wait([running])
            return INTERRUPTED
        ending.cancel()
        running.result()
        if self._unusable:
            click.echo(self._unusable, err=True)
            return NO_TARGET
        return self._sum_up()

    async def _all(self) -> None:
        """All cases; the first target that cannot be used ends the others."""
        tasks = [self._tasks.start(self._one(index), case.title) for index, case in enumerate(self._cases)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _one(self, index: int) -> None:
        case = self._cases[index]
        async with self._room:
            if self._unusable:
                return
            if not self._quiet:
                click.echo(case.title)
            run = Run(case, self._make(), self._seed, (lambda _: None) if self._quiet else tell)
            try:
                result = await run.run()
            except TargetError as error:
                self._unusable = self._unusable or str(error)
                return
            except asyncio.CancelledError:
                if run.result.reason:
                    click.echo(f"{case.title}: {run.result.reason}", err=True)
                raise
            self._found[index] = result
            self._conclude(result)

    def _conclude(self, result: Result) -> None:
        if self._quiet:
            click.echo(f"{_MARKS[result.state]} {result.case.title}  {result.seconds:.2f} s")
            for outcome in result.outcomes:
                if outcome.state in ("failed", "error"):
                    tell(outcome)
        if result.state == "skipped":
            click.echo(f"  skipped on {result.target}: {result.reason}")
        elif not self._quiet:
            click.echo(f"  {result.state} in {result.seconds:.2f} s")
        if result.state in ("failed", "error"):
            click.echo(f"  {result.case.path}: again with --seed {result.seed}")

    def _sum_up(self) -> int:
        count = dict.fromkeys(("held", "failed", "error", "skipped"), 0)
        for result in self.results:
            count[result.state] += 1
        click.echo(", ".join(f"{number} {state}" for state, number in count.items() if number) or "nothing ran")
        return FAILED if count["failed"] or count["error"] else HELD


def tell(outcome: Outcome) -> None:
    """One outcome as lines on the terminal."""
    took = click.style(f"{outcome.seconds:.2f} s", dim=True)
    click.echo(f"  {_MARKS[outcome.state]} {outcome.title}  {took}")
    if outcome.state in ("failed", "error"):
        for line in outcome.explain().splitlines():
            click.echo(f"      {line}")
