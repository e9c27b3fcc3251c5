from collections.abc import Callable, Iterator

import pytest

from edge.store.database import Database
from tests.store.databases import postgresql, url

__all__ = ["postgresql", "url"]


@pytest.fixture
def open_database(url: str) -> Iterator[Callable[..., Database]]:
    """Opens databases on the same URL, migrated, and disposes of them afterwards."""
    opened: list[Database] = []

    def open_one(exclusive: bool = False) -> Database:
        database = Database(url, exclusive=exclusive)
        opened.append(database)
        database.upgrade()
        database.prepare()
        return database

    yield open_one
    for database in opened:
        database.dispose()
