"""The command `edge admin`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from edge.admin.access.bearer import LONGEST_TOKEN
from edge.admin.admin import AdminSettings
from edge.admin.main import Settings, run
from edge.admin.server import Listen

DATA_DIR = Path("edge-data") / "admin"
DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(name="admin")
@click.option("--listen", default="127.0.0.1:8001", metavar="HOST:PORT", help="Port 0: any free one.")
@click.option("--database", default="", metavar="URL", help="sqlite:///FILE or postgresql://…; none: a file in DIR.")
@click.option("--data-dir", default=DATA_DIR, type=DIRECTORY, metavar="DIR", help="For its own files.")
@click.option("--tls-certificate", type=FILE, metavar="FILE", help="PEM file; makes it https.")
@click.option("--tls-key", type=FILE, metavar="FILE", help="PEM file of the certificate's key.")
@click.option("--allowed-host", multiple=True, metavar="NAME", help="A name it answers to besides the listen address.")
@click.option("--log-level", default="info", type=click.Choice(["debug", "info", "warning", "error"]))
def admin(
    listen: str,
    database: str,
    data_dir: Path,
    tls_certificate: Path | None,
    tls_key: Path | None,
    allowed_host: tuple[str, ...],
    log_level: str,
) -> None:
    """Run the Admin: console, API, Kubernetes watching, releases.

    The first start creates the user `admin`. Its password is EDGE_ADMIN_PASSWORD, else it is made up and printed on a
    terminal, else written to admin-password in the data directory. EDGE_ADMIN_TOKEN, if set, becomes an API token.
    """
    settings = Settings(
        admin=AdminSettings(
            data_dir=data_dir,
            database=database,
            # secrets come from the environment only: everybody on the machine can read a command line
            secret_key=os.environ.get("EDGE_SECRET_KEY") or None,
            admin_password=os.environ.get("EDGE_ADMIN_PASSWORD") or None,
            admin_token=_token(os.environ.get("EDGE_ADMIN_TOKEN", "")),
        ),
        listen=_listen(listen, tls_certificate, tls_key),
        allowed_hosts=allowed_host,
        log_level=log_level,
    )
    sys.exit(run(settings))


def _token(text: str) -> str | None:
    """A token that a header can carry, without the line end that files bring along; None when it is empty."""
    text = text.strip()
    if len(text) > LONGEST_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise click.UsageError(
            f"EDGE_ADMIN_TOKEN: expected at most {LONGEST_TOKEN} visible ASCII characters without spaces, "
            f"got {len(text)} characters that an Authorization header cannot carry"
        )
    return text or None


def _listen(text: str, certificate: Path | None, key: Path | None) -> Listen:
    if (certificate is None) != (key is None):
        raise click.UsageError("https needs both --tls-certificate and --tls-key")
    try:
        return Listen.parse(text, certificate, key)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from None
