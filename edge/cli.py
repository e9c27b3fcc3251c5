"""The `edge` command: each subcommand is loaded only when asked for, so that none pays for another's imports."""

from __future__ import annotations

import importlib
from typing import Any

import click

from edge import __version__, lean
from edge.compiled import is_compiled

# name → (module, attribute, the line `edge --help` shows)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("edge.demo.cli", "demo", "Play the tutorial: simulator, Admin and a gateway in one command."),
    "admin": ("edge.admin.cli", "admin", "Run the Admin: console, API, Kubernetes watching, releases."),
    "gateway": ("edge.gateway.cli", "gateway", "Run a gateway server."),
    "simulator": ("simulator.cli", "simulator", "Run the Kubernetes API simulator."),
    "scenario": ("scenarios.cli", "scenario", "Run scripted, timed proofs against Edge."),
    "token": ("edge.admin.commands", "token", "Make API tokens."),
    "db": ("edge.admin.commands", "db", "Migrate the database."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Be this process's program."""
        lean.be_program()
        return super().__call__(*args, **options)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


def _tell_version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"edge, version {__version__}{' (compiled)' if is_compiled() else ''}")
        context.exit()


@click.command(
    cls=LazyGroup,
    context_settings={
        "auto_envvar_prefix": "EDGE",
        "show_default": True,
        "help_option_names": ["-h", "--help"],
    },
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_tell_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Edge: a gateway whose Kubernetes upstreams follow the cluster by themselves.

    Every option also reads EDGE_<COMMAND>_<OPTION>, for example EDGE_GATEWAY_WORKERS.
    """
