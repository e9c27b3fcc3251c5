"""How long scenarios take, each number beside its goal (`make bench-scenarios`).

    python -m loadtests.scenarios [--repeat 5] [--runs 200] [--no-library]

Everything is the `edge` command from the start of its process to its exit, with compiled modules, as in an installed
Edge: a first run that does not count writes them into a folder of this measurement. The tutorial is the median of
`--repeat` runs, and the best beside it: on a machine that does something else at the same time, only the best says what
Edge takes. Explore is held to one core.
"""

from __future__ import annotations

import argparse
import functools
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

LIBRARY = Path(__file__).parents[1] / "scenarios/library"
EDGE = str(Path(sys.executable).with_name("edge"))


class Row(NamedTuple):
    """A number and its goal; `at_least` when more is better. `measured` None: it could not be measured, `note` why."""

    what: str
    goal: float
    measured: float | None
    unit: str
    at_least: bool = False
    note: str = ""

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        if self.measured is None:
            return f"  {self.what:<58}{'absent':>9} {self.unit:<9} goal {sign} {self.goal:g}  {self.note}"
        met = self.measured >= self.goal if self.at_least else self.measured <= self.goal
        judged = f"goal {sign} {self.goal:g}  {'met' if met else 'MISSED'}"
        return f"  {self.what:<58}{self.measured:>9.2f} {self.unit:<9} {judged}  {self.note}".rstrip()


class Measured(NamedTuple):
    """One command: seconds from start to exit, its exit code and what it said."""

    seconds: float
    code: int
    said: str


def edge(arguments: list[str], environment: dict[str, str], core: int | None = None) -> Measured:
    """Run `edge ARGUMENTS…` to its end; on one core only when it is named."""
    hold = None if core is None else functools.partial(os.sched_setaffinity, 0, [core])
    began = time.perf_counter()
    done = subprocess.run([EDGE, *arguments], env=environment, capture_output=True, text=True, preexec_fn=hold)
    return Measured(time.perf_counter() - began, done.returncode, done.stdout + done.stderr)


def held(measured: Measured, what: str) -> float:
    """Its seconds; a run that did not hold is no measurement."""
    if measured.code != 0:
        sys.exit(f"{what} ended with {measured.code} instead of 0:\n{measured.said}")
    return measured.seconds


def tutorial(environment: dict[str, str], repeat: int) -> Row:
    """The tutorial's scenario, start of the process to exit."""
    arguments = ["scenario", "run", str(LIBRARY / "tutorial.yaml")]
    took = [held(edge(arguments, environment), "the tutorial") for _ in range(repeat)]
    note = f"best {min(took):.2f}, worst {max(took):.2f} of {repeat}"
    return Row("the tutorial's scenario, start to exit, median", 2.0, statistics.median(took), "s", note=note)


def library(environment: dict[str, str]) -> Row:
    """Every file of the library, two at a time."""
    measured = edge(["scenario", "run", str(LIBRARY), "-n", "2", "--seed", "1"], environment)
    summary = measured.said.strip().splitlines()[-1]
    return Row("the whole library, -n 2", 240.0, held(measured, "the library"), "s", note=summary)


def explore(environment: dict[str, str], runs: int) -> Row:
    """Random runs in virtual time, on one core."""
    what, goal, unit = f"explore, {runs} runs on one core", 200.0, "runs/min"
    if edge(["scenario", "explore", "--help"], environment).code == 2:
        return Row(what, goal, None, unit, True, "there is no `edge scenario explore` yet")
    core = min(os.sched_getaffinity(0))
    measured = edge(["scenario", "explore", "--runs", str(runs), "--seed", "1"], environment, core)
    failed = "" if measured.code == 0 else f"exit code {measured.code}: {_last(measured.said)}"
    return Row(what, goal, runs / measured.seconds * 60, unit, True, failed)


def _last(said: str) -> str:
    return re.sub(r"\s+", " ", (said.strip().splitlines() or ["it said nothing"])[-1])


def main() -> None:
    parser = argparse.ArgumentParser(prog="loadtests.scenarios", description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, help="runs of the tutorial")
    parser.add_argument("--runs", type=int, default=200, help="runs of explore")
    parser.add_argument("--no-library", action="store_true", help="leave the library out")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"scenarios, Python {platform.python_version()}, {os.cpu_count()} CPUs, load {load:.1f} before", flush=True)
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder
        held(edge(["scenario", "run", str(LIBRARY / "tutorial.yaml")], environment), "the tutorial")
        print(tutorial(environment, options.repeat), flush=True)
        if not options.no_library:
            print(library(environment), flush=True)
        print(explore(environment, options.runs), flush=True)


if __name__ == "__main__":
    main()
