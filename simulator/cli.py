"""`edge simulator`: the options, and nothing else, so that `--help` loads no server."""

from __future__ import annotations

import sys
from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.group(
    invoke_without_command=True,
    context_settings={
        "auto_envvar_prefix": "EDGE_SIMULATOR",
        "show_default": True,
        "help_option_names": ["-h", "--help"],
    },
)
@click.option("--listen", default="127.0.0.1:6443", metavar="HOST:PORT", help="The Kubernetes API (HTTPS).")
@click.option("--control-listen", default="127.0.0.1:6444", metavar="HOST:PORT", help="The control API (HTTP).")
@click.option("--control-token", default=None, metavar="TOKEN", help="Asked of whoever uses the control API.")
@click.option(
    "--kubeconfig",
    type=PATH,
    default=None,
    metavar="FILE",
    help="Where to write the administrator's kubeconfig (0600). [default: a temporary file]",
)
@click.option(
    "--load",
    type=PATH,
    multiple=True,
    metavar="FILE|DIR",
    help="Manifests to create at start; may be repeated.",
)
@click.option("--seed", type=int, default=None, help="Fixes names, UIDs and jitter. [default: random]")
@click.option(
    "--pods",
    type=click.Choice(["serve", "none"]),
    default="serve",
    help="Whether pods are real HTTP servers on this machine.",
)
@click.option(
    "--pod-network",
    default=None,
    metavar="CIDR",
    help="A part of 127.0.0.0/8 for pod addresses. [default: a free /16]",
)
@click.pass_context
def simulator(
    context: click.Context,
    listen: str,
    control_listen: str,
    control_token: str | None,
    kubeconfig: Path | None,
    load: tuple[Path, ...],
    seed: int | None,
    pods: str,
    pod_network: str | None,
) -> None:
    """Run a Kubernetes API simulator that kubectl and client libraries cannot tell from a real cluster.

    Its pods are HTTP servers on loopback addresses. Every option also reads EDGE_SIMULATOR_<OPTION>.
    """
    if context.invoked_subcommand is not None:
        return
    from simulator.main import run
    from simulator.settings import Settings

    settings = Settings(
        listen=listen,
        control_listen=control_listen,
        control_token=control_token,
        kubeconfig=kubeconfig,
        load=load,
        seed=seed,
        pods="none" if pods == "none" else "serve",
        pod_network=pod_network,
    )
    sys.exit(run(settings))
