"""The `edge demo` command."""

from __future__ import annotations

import asyncio
import sys

import click

from edge import logs


@click.command()
@click.option("--stay", is_flag=True, help="Stay up after the tutorial (the default on a terminal).")
@click.option(
    "--exit", "leave", is_flag=True, envvar="EDGE_DEMO_EXIT", help="End after the tutorial (the default elsewhere)."
)
def demo(stay: bool, leave: bool) -> None:
    """Play the tutorial: simulator, Admin and a gateway in one command.

    Exit status 0 when every step held, else 1.
    """
    if stay and leave:
        raise click.UsageError("--stay and --exit exclude each other: give one of them")
    from edge.demo.run import Demo

    logs.configure("warning")
    sys.exit(asyncio.run(Demo(stay=stay or (sys.stdout.isatty() and not leave)).run()))
