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
@click.option(
    "--time-factor",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    metavar="N",
    help="Seconds that pass in the simulator in one real second.",
)
@click.option("--replay", type=PATH, default=None, metavar="FILE", help="Play a recording back instead of a cluster.")
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    metavar="N",
    help="How many times faster a recording is played.",
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
    time_factor: float,
    replay: Path | None,
    speed: float,
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
        time_factor=time_factor,
        replay=replay,
        speed=speed,
    )
    sys.exit(run(settings))


@simulator.command()
@click.option("--kubeconfig", type=PATH, required=True, metavar="FILE", help="How to reach the cluster.")
@click.option("--context", "chosen", default=None, metavar="NAME", help="Its context. [default: the current one]")
@click.option("--out", type=PATH, required=True, metavar="FILE", help="The recording (0600; replaced if it is there).")
@click.option("--duration", default=None, metavar="TIME", help="Such as 30s or 10m. [default: until Ctrl-C]")
def record(kubeconfig: Path, chosen: str | None, out: Path, duration: str | None) -> None:
    """Record what a live cluster shows: everything that may be listed and watched.

    The data of secrets and everything that looks like a token is left out. Play it back with
    `edge simulator --replay FILE`.
    """
    from simulator.main import record_cluster
    from simulator.objects.durations import seconds

    lasting = None
    if duration is not None:
        try:
            lasting = seconds(duration)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--duration") from None
    sys.exit(record_cluster(kubeconfig, chosen, out, lasting))
