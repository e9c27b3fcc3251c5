"""Units of work: each is one function, one transaction, one hop to the store thread.

There is exactly one store thread, so units never run beside each other and nobody waits for a row lock; work that the
gateways wait for never goes through here (endpoints are pushed first and remembered afterwards).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from edge.clock import run_blocking
from edge.store import migrate
from edge.store.engine import FileLock, make_engine, parse_url, sqlite_file
from edge.store.errors import Collision, DatabaseUnavailable, StoreError

T = TypeVar("T")


class Database:
    """A database by URL. `exclusive` takes the lock that makes its owner the active Admin."""

    def __init__(self, url: str, *, exclusive: bool = False) -> None:
        self._url = parse_url(url)
        file = sqlite_file(self._url)
        self._lock = FileLock(file) if exclusive and file is not None else None
        self._engine = make_engine(self._url, exclusive=exclusive)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    def __repr__(self) -> str:
        return f"<Database {self._url.render_as_string(hide_password=True)}>"

    @property
    def is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    def prepare(self) -> None:
        """Take the lock; migrate SQLite, or require that PostgreSQL was. Raises StoreError."""
        if self._lock is not None:
            self._lock.acquire()
        if self.is_sqlite:
            self._guarded(lambda: migrate.upgrade(self._engine))
        else:
            self._guarded(lambda: migrate.require_head(self._engine))

    def upgrade(self) -> bool:
        """Run the migrations that are missing; False when there were none."""
        return self._guarded(lambda: migrate.upgrade(self._engine))

    def unit(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction of its own and commit it. Raises DatabaseUnavailable, Collision, and whatever
        `work` raises (rolled back)."""

        def run() -> T:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                return work(session)

        return self._guarded(run)

    async def run(self, work: Callable[[Session], T]) -> T:
        """`unit` in the store thread."""
        return await run_blocking(lambda: self.unit(work), self._thread)

    async def prepare_in_thread(self) -> None:
        """`prepare` in the store thread."""
        await run_blocking(self.prepare, self._thread)

    async def ping(self) -> None:
        """Raise DatabaseUnavailable unless the database answers."""
        await self.run(lambda session: session.execute(text("SELECT 1")))

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except IntegrityError as error:
            raise Collision("it collides with something that was stored at the same moment; try again") from error
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise DatabaseUnavailable(_sentence(error)) from error
        except DBAPIError as error:
            if error.connection_invalidated or _is_the_databases(error):
                raise DatabaseUnavailable(_sentence(error)) from error
            raise

    def dispose(self) -> None:
        """Close the connection, end the thread, release the lock."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()


_READ_ONLY, _NO_RIGHTS = "25006", "42501"  # SQLSTATEs (PostgreSQL, appendix A): a standby; a role without grants


def _is_the_databases(error: DBAPIError) -> bool:
    """Whether the database is as it must not be, so that it is for the operator to mend: an SQLite file that is damaged
    or none (the one error of exactly that class), a PostgreSQL server that may not be written."""
    if type(error.orig) is sqlite3.DatabaseError:
        return True
    return getattr(error.orig, "sqlstate", None) in (_READ_ONLY, _NO_RIGHTS)


def _sentence(error: Exception) -> str:
    """The driver's first line, without SQL and parameters."""
    cause = str(getattr(error, "orig", None) or error).strip().splitlines() or ["no reason given"]
    return f"the database cannot be used at the moment: {cause[0]}"


__all__ = ["Database", "StoreError"]
