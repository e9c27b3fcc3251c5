"""`edge scenario explore`: runs from a seed, until one fails; that one is cut down and written."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scenarios.explore.plan import Plan, generate
from scenarios.explore.playing import Outcome, Parts, play
from scenarios.explore.shrinking import shrink
from scenarios.explore.writing import write

SAID_EVERY = 50

Say = Callable[[str], None]


def interrupt(number: int, frame: object) -> None:
    """A handler of SIGINT that ends the process at once: nothing that was started must be ended, and an exception in
    the middle of making a loop would leave a half-made one to complain."""
    sys.stdout.flush()
    os.write(2, b"interrupted\n")
    os._exit(130)


def explore(runs: int, seed: int, minutes: float, out: Path, say: Say, parts: Parts = Parts()) -> int:  # noqa: B008
    """Exit status: 0 when nothing was found, 1 when a file was written."""
    began = time.perf_counter()  # noqa: TID251  how fast this machine is, not what happens in a run
    say(f"{runs} runs of {minutes:g} simulated minutes, seed {seed}")
    for number in range(runs):
        outcome = play(generate(f"{seed}/{number}", minutes), parts)
        if outcome.violation is not None:
            _found(outcome, minutes, out, say, parts)
            return 1
        if (number + 1) % SAID_EVERY == 0 or number + 1 == runs:
            _progress(number + 1, runs, time.perf_counter() - began, say)  # noqa: TID251
    say(f"nothing found in {runs} runs of {minutes:g} simulated minutes, seed {seed}")
    return 0


def again(name: str, minutes: float, out: Path, say: Say, parts: Parts = Parts()) -> int:  # noqa: B008
    """Play the one run that a found file names (`SEED/NUMBER`), and print its trace."""
    outcome = play(generate(name, minutes), parts)
    for line in outcome.lines:
        say(line)
    if outcome.violation is None:
        say(f"nothing found in run {name}, trace {outcome.digest[:12]}")
        return 0
    _found(outcome, minutes, out, say, parts)
    return 1


def _progress(done: int, runs: int, seconds: float, say: Say) -> None:
    line = f"{done} of {runs} runs, nothing found, {done / seconds * 60:.0f} runs a minute"
    if not sys.stdout.isatty():
        say(line)
        return
    sys.stdout.write(f"\r{line}\x1b[K" + ("\n" if done == runs else ""))
    sys.stdout.flush()


def _found(outcome: Outcome, minutes: float, out: Path, say: Say, parts: Parts) -> None:
    assert outcome.violation is not None
    plan, violation = outcome.plan, outcome.violation
    say(f"run {plan.seed} failed: {violation}")

    def fails(smaller: Plan) -> bool:
        found = play(smaller, parts).violation
        return found is not None and found.invariant == violation.invariant

    small = shrink(plan, fails)
    last = play(small, parts).violation or violation
    command = f"edge scenario explore --only {plan.seed}" + ("" if minutes == 10 else f" --minutes {minutes:g}")
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"explore-{plan.seed.replace('/', '-')}.yaml"
    file.write_text(write(small, last, command))
    say(f"cut down from {len(plan.deeds)} to {len(small.deeds)} deeds:")
    for deed in small.deeds:
        say(f"  {deed}")
    say(f"written to {file}; again in virtual time: {command}")
