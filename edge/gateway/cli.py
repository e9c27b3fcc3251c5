"""The command `edge gateway`. Every option also reads EDGE_GATEWAY_<OPTION>."""

from __future__ import annotations

import ipaddress
import math
import re
import sys
from pathlib import Path

import click

from edge.gateway.listening import ListenAddress, parse

_NAME = re.compile(r"[\x20-\x7e]{1,200}\Z")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z")  # a value of a Kubernetes label
_ADVERTISED = re.compile(
    r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?\Z"  # a name, IPv4 or [IPv6]
    r"|(?=[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:)[0-9A-Fa-f:.]{2,45}\Z"  # IPv6 without brackets, and so without a port
)


class ListenType(click.ParamType[ListenAddress]):
    """HOST:PORT."""

    name = "host:port"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ListenAddress:
        if isinstance(value, ListenAddress):
            return value
        try:
            return parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _name(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not _NAME.match(value.strip()):
        raise click.BadParameter("expected 1 to 200 printable ASCII characters")
    return value.strip()


def _zone(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value and not _LABEL_VALUE.match(value):
        raise click.BadParameter(f"expected a name like eu-central-1a, got {value[:100]!r}")
    return value


def _advertise(ctx: click.Context, param: click.Parameter, value: str) -> str:
    found = _ADVERTISED.match(value)
    if value and (found is None or int(found["port"] or 1) not in range(1, 65536)):
        raise click.BadParameter(f"expected HOST or HOST:PORT, got {value[:100]!r}")
    return value


def _number(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("expected a number, got nan")
    return value


def _networks(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise click.BadParameter(f"expected a network such as 10.0.0.0/8, got {network!r}") from None
    return value


def _log_fields(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    from edge.gateway.telemetry import log_fields

    names = tuple(value.replace(",", " ").split())
    problem = log_fields.problem(names)
    if problem is not None:
        raise click.BadParameter(problem)
    return names


def _collector(ctx: click.Context, param: click.Parameter, value: str) -> str:
    from edge.gateway.telemetry import tracing

    problem = tracing.problem(value) if value else None
    if problem is not None:
        raise click.BadParameter(problem)
    return value


def _join_token(token: str | None, file: Path | None) -> str | None:
    if token is not None and file is not None:
        raise click.UsageError("give --join-token or --join-token-file, not both")
    if file is not None:
        try:
            token = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"--join-token-file {file} cannot be read: {error}") from None
    if token is not None and not re.match(r"[\x21-\x7e]{1,512}\Z", token):
        raise click.UsageError("the join token is empty or has characters that no join token has")
    return token


@click.command()
@click.option("--admin", required=True, metavar="URL", help="The Admin: https://HOST:PORT, or http:// on loopback.")
@click.option("--join-token", metavar="TOKEN", help="Needed once, to join. Better given in the environment or a file.")
@click.option("--join-token-file", type=click.Path(path_type=Path), metavar="FILE", help="A file that holds it.")
@click.option("--name", required=True, callback=_name, help="This gateway server's name, unique in the Admin.")
@click.option("--listen", type=ListenType(), default="0.0.0.0:8080", help="Where it takes traffic.")
@click.option("--tls-listen", type=ListenType(), help="Where it takes HTTPS, with the applications' certificates.")
@click.option(
    "--advertise",
    default="",
    callback=_advertise,
    metavar="HOST[:PORT]",
    help="What users reach it by, if that is not where it listens.",
)
@click.option(
    "--zone",
    default="",
    callback=_zone,
    metavar="ZONE",
    help="The zone it is in, as nodes' label topology.kubernetes.io/zone says; upstreams may prefer their pods there.",
)
@click.option("--workers", type=click.IntRange(1, 256), default=1, help="Worker processes.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("gateway-data"),
    help="Its credential and its last good snapshot.",
)
@click.option("--status-listen", type=ListenType(), default="127.0.0.1:8081", help="Where it tells of itself.")
@click.option("--probe-listen", type=ListenType(), help="Where only /-/live and /-/ready are answered.")
@click.option(
    "--admin-ca", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="The Admin's CA certificate."
)
@click.option("--insecure-admin", is_flag=True, help="Allow plain http to an Admin on another machine.")
@click.option(
    "--shutdown-delay",
    type=click.FloatRange(0, 3600),
    callback=_number,
    default=0.0,
    help="Seconds in which it goes on at the end while /-/ready says 503, so that load balancers notice.",
)
@click.option(
    "--drain-timeout",
    type=click.FloatRange(0, 3600),
    callback=_number,
    default=30.0,
    help="Seconds that requests in flight may take at the end.",
)
@click.option("--access-log", default="", metavar="FILE", help="Append a line for each request; - is standard output.")
@click.option(
    "--access-log-fields",
    default="",
    callback=_log_fields,
    metavar="NAMES",
    help="What a line of it holds, in order: names with commas, as docs/observability.md lists them.",
)
@click.option(
    "--tracing",
    default="",
    callback=_collector,
    metavar="URL",
    help="Send spans of requests to this OpenTelemetry collector: http://HOST:4318.",
)
@click.option(
    "--tracing-sample",
    type=click.FloatRange(0, 1),
    callback=_number,
    default=0.01,
    help="The share of requests that begin a trace.",
)
@click.option(
    "--trusted-proxy",
    multiple=True,
    callback=_networks,
    metavar="NETWORK",
    help="Whose Forwarded and X-Forwarded-* headers are believed; may be given more than once.",
)
@click.option(
    "--proxy-protocol-from",
    multiple=True,
    callback=_networks,
    metavar="NETWORK",
    help="Whose connections begin with a PROXY header (version 1 or 2); may be given more than once.",
)
@click.option(
    "--body-limit",
    type=click.IntRange(0),
    default=0,
    metavar="BYTES",
    help="Request bodies that are longer are answered 413; 0 sets no limit.",
)
def gateway(
    admin: str,
    join_token: str | None,
    join_token_file: Path | None,
    name: str,
    listen: ListenAddress,
    tls_listen: ListenAddress | None,
    advertise: str,
    zone: str,
    workers: int,
    data_dir: Path,
    status_listen: ListenAddress,
    probe_listen: ListenAddress | None,
    admin_ca: Path | None,
    insecure_admin: bool,
    shutdown_delay: float,
    drain_timeout: float,
    access_log: str,
    access_log_fields: tuple[str, ...],
    tracing: str,
    tracing_sample: float,
    trusted_proxy: tuple[str, ...],
    proxy_protocol_from: tuple[str, ...],
    body_limit: int,
) -> None:
    """Run a gateway server.

    It joins the Admin once with a join token and is known by its own credential from then on.
    """
    from edge.gateway.agent.agent import AgentSettings
    from edge.gateway.main import run

    settings = AgentSettings(
        admin=admin,
        name=name,
        data_dir=data_dir,
        listen=listen,
        status_listen=status_listen,
        probe_listen=probe_listen,
        tls_listen=tls_listen,
        advertise=advertise,
        join_token=_join_token(join_token, join_token_file),
        admin_ca=admin_ca,
        insecure_admin=insecure_admin,
        zone=zone,
        workers=workers,
        shutdown_delay=shutdown_delay,
        drain_timeout=drain_timeout,
        access_log=access_log,
        access_log_fields=access_log_fields,
        tracing=tracing,
        tracing_sample=tracing_sample,
        trusted_proxies=trusted_proxy,
        proxy_protocol_from=proxy_protocol_from,
        body_limit=body_limit,
    )
    sys.exit(run(settings))
