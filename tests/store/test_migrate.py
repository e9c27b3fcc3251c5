import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from edge.store import migrate
from edge.store.database import Database
from edge.store.engine import make_engine, parse_url
from edge.store.errors import StoreError
from edge.store.tables import Base


def test_the_migrations_make_exactly_the_tables(url):
    engine = make_engine(parse_url(url), exclusive=False)
    assert migrate.upgrade(engine) is True
    assert migrate.upgrade(engine) is False
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(url):
    database = Database(url)
    database.upgrade()
    database.unit(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreError, match="newer version of Edge"):
        database.upgrade()
    database.dispose()


@pytest.mark.postgres
def test_postgresql_is_not_migrated_by_surprise(postgresql):
    database = Database(postgresql.new_database())
    with pytest.raises(StoreError, match="run: edge db upgrade"):
        database.prepare()
    assert database.upgrade() is True
    database.prepare()
    database.dispose()
