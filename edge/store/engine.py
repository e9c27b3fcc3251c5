"""One engine for SQLite and PostgreSQL: how a connection is opened, and what keeps two Admins apart.

An Admin has one store thread, so one connection. On PostgreSQL that connection itself holds the advisory lock that
makes this the active Admin: when it breaks, the lock is gone with it, and the next connection must win it again before
any work is done, so an Admin that was cut off can never write beside its successor. On SQLite a locked file beside the
database does the same; the kernel unlocks it when the process ends in whatever way.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool

from edge.store.errors import AnotherAdmin, StoreError

ADMIN_LOCK = 0x65646765_61646D69  # "edgeadmi"
ACTIVE = "another Admin is active on this database; stop it first, or give this one a database of its own"


def url_in(data_dir: Path, given: str) -> str:
    """The URL that was given; that of the SQLite file which a data directory holds if it is empty."""
    return given or f"sqlite:///{data_dir / 'edge.db'}"


def parse_url(text: str) -> URL:
    """The URL with the driver that we use. Raises StoreError, without repeating a password, for any other kind."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError(
            "the database URL cannot be read; write sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from None
    if url.drivername == "sqlite":
        return url
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    raise StoreError(f"databases of kind {url.drivername} are not known; use sqlite:/// or postgresql://")


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database; None for one in memory and for PostgreSQL."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def make_engine(url: URL, *, exclusive: bool) -> Engine:
    """An engine of one connection. With `exclusive` a PostgreSQL connection is opened only by winning the lock."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    return _postgresql_engine(url, exclusive)


def _sqlite_engine(url: URL) -> Engine:
    file = sqlite_file(url)
    if file is None:
        engine = create_engine(
            url, poolclass=StaticPool, hide_parameters=True, connect_args={"check_same_thread": False}
        )
    else:
        _create_private(file)
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,  # an error that is logged must not show hashes
            connect_args={"check_same_thread": False, "timeout": float(str(url.query.get("timeout", 5.0)))},
        )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # pysqlite's own transactions begin late and would let a read become a write that fails with "locked"
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        if file is not None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")  # a committed generation must survive a power cut

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _create_private(file: Path) -> None:
    """SQLite gives the journal files the mode of the database, so that file must be private from its first byte."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"the database file {file} cannot be opened: {error.strerror}") from None


def _postgresql_engine(url: URL, exclusive: bool) -> Engine:
    try:
        import psycopg
    except ImportError:
        raise StoreError('PostgreSQL needs the extra: pip install "edge[postgres]"') from None
    defaults = {
        "connect_timeout": "5",
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "15000",
    }
    arguments = {name: value for name, value in defaults.items() if name not in url.query}
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=arguments,
    )
    if exclusive:

        @event.listens_for(engine, "connect")
        def lock(connection: psycopg.Connection[Any], _record: object) -> None:
            try:
                # a predecessor that was killed may hold it until its server process notices
                connection.execute("SET lock_timeout = '3s'")
                connection.execute("SELECT pg_advisory_lock(%s)", (ADMIN_LOCK,))
                connection.execute("SET lock_timeout = 0")
                connection.execute("SET statement_timeout = '30s'")
                connection.commit()
            except psycopg.errors.LockNotAvailable:
                connection.close()
                raise AnotherAdmin(ACTIVE) from None

    return engine


class FileLock:
    """A locked file beside an SQLite database: held as long as this object is not closed and the process lives."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def __repr__(self) -> str:
        return f"<FileLock {self._path} {'held' if self._descriptor is not None else 'free'}>"

    def acquire(self) -> None:
        """Raises AnotherAdmin when somebody else holds it, StoreError when the file cannot be made."""
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"the lock file {self._path} cannot be opened: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise AnotherAdmin(ACTIVE) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """The file stays: removing it would let two processes lock two different ones."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
