"""`edge scenario`: run, check, schema, explore."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from pathlib import Path

import click

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|DIR…")


@click.group(
    context_settings={
        "auto_envvar_prefix": "EDGE_SCENARIO",
        "show_default": True,
        "help_option_names": ["-h", "--help"],
    },
)
def scenario() -> None:
    """Run scripted, timed proofs against Edge."""


@scenario.command()
@FILES
@click.option(
    "--target",
    default="simulator",
    metavar="TARGET",
    help="simulator; kubeconfig:PATH, a cluster that is there; kind or kind:NAME, one that kind makes.",
)
@click.option("--report", type=click.Path(path_type=Path), default=None, metavar="DIR", help="Where to write reports.")
@click.option("--seed", type=int, default=None, help="Fixes what is chosen by chance. [default: random]")
@click.option("-n", "parallel", type=click.IntRange(1, 64), default=1, help="How many cases run at the same time.")
def run(files: tuple[Path, ...], target: str, report: Path | None, seed: int | None, parallel: int) -> None:
    """Run scenario files.

    Exit status 0 when all held, 1 when an expectation failed, 2 when a file is wrong, 3 when the target could not be
    used, 130 when interrupted.
    """
    try:
        from edge import logs
        from scenarios.running import run_files

        logs.configure("warning")
        chosen = secrets.randbelow(1 << 31) if seed is None else seed
        sys.exit(asyncio.run(run_files(files, target, report, chosen, parallel)))
    except KeyboardInterrupt:  # before anything was started: from then on signals are handled by the run
        click.echo("interrupted", err=True)
        sys.exit(130)


@scenario.command()
@FILES
def check(files: tuple[Path, ...]) -> None:
    """Say what is wrong with scenario files, and start nothing. Exit status 2 when something is."""
    from scenarios.errors import FileError
    from scenarios.running import load_all

    try:
        found = load_all(files)
    except FileError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    for case in found:
        click.echo(f"{case.path}: {case.title}: {len(case.steps)} steps")


@scenario.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import msgspec

    from scenarios.schema import schema

    click.echo(msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode())


@scenario.command()
@click.option("--runs", type=click.IntRange(1), default=200, help="How many runs.")
@click.option("--seed", type=int, default=None, help="The first run's and every later one's chance. [default: random]")
@click.option("--minutes", type=click.FloatRange(3, 600), default=10.0, help="Simulated minutes of each run.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("."), help="Where a find goes.")
@click.option("--only", default=None, metavar="SEED/NUMBER", help="Play this one run and print its trace.")
def explore(runs: int, seed: int | None, minutes: float, out: Path, only: str | None) -> None:
    """Play random timelines and faults in virtual time, and look for what must never be.

    Exit status 0 when nothing was found; 1 when a run failed: it is cut down to the steps that matter and written as a
    scenario file; 130 when interrupted.
    """
    try:
        from edge import logs
        from scenarios.explore import running

        signal.signal(signal.SIGINT, running.interrupt)
        logs.configure("critical")
        if only is not None:
            sys.exit(running.again(only, minutes, out, click.echo))
        chosen = secrets.randbelow(1 << 31) if seed is None else seed
        sys.exit(running.explore(runs, chosen, minutes, out, click.echo))
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(130)
