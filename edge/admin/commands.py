"""The commands that work on the database: `edge token` and `edge db`. They run beside an active Admin."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import get_args

import click
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.access import tokens
from edge.admin.actor import Role
from edge.admin.views import TokenView
from edge.store.database import Database
from edge.store.engine import url_in
from edge.store.errors import StoreError
from edge.store.tables import AuditRow

UNITS = {"m": 60, "h": 3600, "d": 86_400}
LONGEST = 3650 * 86_400

DATABASE = click.option("--database", default="", metavar="URL", help="As for edge admin; none: a file in DIR.")
DATA_DIR = click.option(
    "--data-dir",
    default=Path("edge-data") / "admin",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="As for edge admin.",
)


@click.group()
def token() -> None:
    """Make API tokens."""


@click.group()
def db() -> None:
    """Migrate the database."""


def duration(text: str) -> int | None:
    """Seconds of 30m, 12h or 90d; None for never. Raises click.BadParameter."""
    if text == "never":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,6})([mhd])", text)
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    if not 0 < seconds <= LONGEST:
        raise click.BadParameter(f"expected a time such as 12h or 90d, at most 3650d, or never; got {text!r}")
    return seconds


@token.command()
@click.argument("name")
@DATABASE
@DATA_DIR
@click.option("--role", default="admin", type=click.Choice(get_args(Role)))
@click.option("--expires", default="90d", metavar="TIME", help="30m, 12h, 90d or never.")
def create(name: str, database: str, data_dir: Path, role: Role, expires: str) -> None:
    """Make an API token and print it, alone on the last line. It is shown only here."""
    if not 1 <= len(name) <= 200:
        raise click.BadParameter("a token's name has 1 to 200 characters", param_hint="NAME")
    seconds = duration(expires)
    view = _make(url_in(data_dir, database), name, role, seconds)
    until = f"expires {clock.rfc3339(view.expires)}" if view.expires is not None else "never expires"
    click.echo(f'API token "{name}", role {role}, {until}', err=True)
    click.echo(view.token)


def _make(url: str, name: str, role: Role, seconds: int | None) -> TokenView:
    store = _open(url)
    try:
        store.prepare()

        def unit(session: Session) -> TokenView:
            line = AuditRow(
                at=clock.now(), actor="command line", action="create", target=f'token "{name}"', detail=f"role {role}"
            )
            session.add(line)
            return tokens.make(session, name, role, seconds, random.SystemRandom())

        return store.unit(unit)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.dispose()


@db.command()
@DATABASE
@DATA_DIR
def upgrade(database: str, data_dir: Path) -> None:
    """Bring the database to this version of Edge. Stop the Admin first."""
    store = _open(url_in(data_dir, database))
    try:
        changed = store.upgrade()
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.dispose()
    click.echo("the database was upgraded" if changed else "the database needed no upgrade")


def _open(url: str) -> Database:
    try:
        return Database(url)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
