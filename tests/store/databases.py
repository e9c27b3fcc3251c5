"""Databases to test on: SQLite files, and a throwaway PostgreSQL cluster on a socket of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest


def binaries() -> Path | None:
    found = [Path(p).parent for p in (shutil.which("initdb"),) if p] + sorted(
        (p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda p: int(p.parent.name) if p.parent.name.isdigit() else 0,
    )
    return found[-1] if found else None


class PostgreSQL:
    """A cluster in a temporary directory; PostgreSQL refuses to run as root, so it runs as `postgres` there."""

    def __init__(self, bin_dir: Path) -> None:
        self._bin = bin_dir
        self._root = Path(tempfile.mkdtemp(prefix="edge-pg-", dir="/tmp"))
        self._as: dict[str, object] = {}
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self._root, account.pw_uid, account.pw_gid)
            self._as = {"user": account.pw_uid, "group": account.pw_gid}

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / name, *arguments],
            cwd=self._root,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            **self._as,
        )

    def start(self) -> None:
        if not (self._root / "data").exists():
            self._run("initdb", "-D", f"{self._root}/data", "-U", "edge", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self._root}' -c fsync=off"
        self._run("pg_ctl", "-D", f"{self._root}/data", "-w", "-l", f"{self._root}/log", "-o", settings, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self._root}/data", "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._root)

    def execute(self, statement: str) -> None:
        with psycopg.connect(f"host={self._root} user=edge dbname=postgres", autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self) -> str:
        name = f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql://edge@/{name}?host={self._root}"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    found = binaries()
    if found is None:
        pytest.skip("no initdb in PATH or /usr/lib/postgresql: PostgreSQL is not installed")
    cluster = PostgreSQL(found)
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/edge.db"
    return request.getfixturevalue("postgresql").new_database()
