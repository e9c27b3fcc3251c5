"""Migrations of the database, run from inside the package: no alembic.ini, no working directory."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from edge.store.errors import StoreError


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for these migrations; env.py takes the connection from it."""
    config = Config()
    config.set_main_option("script_location", "edge.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest migration this program knows."""
    newest = ScriptDirectory.from_config(configuration()).get_current_head()
    assert newest is not None
    return newest


def current(engine: Engine) -> str | None:
    """The migration the database is at; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> bool:
    """Bring the database to `head()`, in one transaction; False when it was there already. Raises StoreError when it
    was written by a newer program."""
    if current(engine) == head():
        return False
    try:
        with engine.begin() as connection:
            command.upgrade(configuration(connection), "head")
    except CommandError as error:
        raise StoreError(
            f"the database cannot be upgraded, it seems to belong to a newer version of Edge ({error})"
        ) from None
    return True


def require_head(engine: Engine) -> None:
    """Raise StoreError when the database is not at `head()`."""
    found = current(engine)
    if found != head():
        raise StoreError(
            f"the database is at migration {found or 'none'}, this version of Edge needs {head()}; "
            "run: edge db upgrade --database URL"
        )
