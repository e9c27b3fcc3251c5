import asyncio
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from edge import virtual_time
from edge.store.database import Database
from edge.store.errors import Collision, DatabaseUnavailable
from edge.store.tables import AuditRow, PartitionRow


def names(session):
    return list(session.scalars(select(PartitionRow.name).order_by(PartitionRow.seq)))


def test_a_unit_of_work_is_committed_whole_or_not_at_all(open_database):
    database = open_database()
    database.unit(lambda session: session.add(PartitionRow(id="a", name="eu")))

    def half(session):
        session.add(PartitionRow(id="b", name="us"))
        session.flush()
        raise LookupError("stop")

    with pytest.raises(LookupError):
        database.unit(half)
    assert database.unit(names) == ["eu"]


def test_a_row_that_collides_is_a_collision_and_leaves_nothing(open_database):
    database = open_database()
    database.unit(lambda session: session.add(PartitionRow(id="a", name="eu")))
    with pytest.raises(Collision):
        database.unit(lambda session: session.add(PartitionRow(id="b", name="eu")))
    assert database.unit(names) == ["eu"]


def test_moments_come_back_aware_and_in_utc(open_database):
    database = open_database()
    moment = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
    row = AuditRow(at=moment, actor="a", action="b", target="c", detail="")
    database.unit(lambda session: session.add(row))
    [found] = database.unit(lambda session: list(session.scalars(select(AuditRow.at))))
    assert found == moment
    assert found.tzinfo is UTC


def test_a_number_of_a_list_is_never_used_again(open_database):
    database = open_database()
    for name in ("x", "y"):
        database.unit(lambda session, name=name: session.add(PartitionRow(id=name, name=name)))
    database.unit(lambda session: session.execute(text("DELETE FROM partitions WHERE name = 'y'")))
    database.unit(lambda session: session.add(PartitionRow(id="z", name="z")))
    numbers = database.unit(lambda session: list(session.scalars(select(PartitionRow.seq))))
    assert sorted(numbers) == [1, 3]


async def test_units_run_one_after_the_other_in_one_thread(open_database):
    database = open_database()
    running: list[int] = []
    most: list[int] = []
    threads: list[int] = []

    def unit(session):
        running.append(1)
        most.append(len(running))
        threads.append(threading.get_ident())
        session.execute(text("SELECT 1"))
        running.pop()

    await asyncio.gather(*(database.run(unit) for _ in range(20)))
    assert max(most) == 1
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


def test_in_virtual_time_the_database_is_in_memory_and_units_run_inline():
    async def play():
        database = Database("sqlite://", exclusive=True)
        await database.prepare_in_thread()
        await database.run(lambda session: session.add(PartitionRow(id="a", name="eu")))
        thread = await database.run(lambda session: threading.get_ident())
        found = await database.run(names)
        database.dispose()
        return thread, found

    assert virtual_time.run(play()) == (threading.get_ident(), ["eu"])


@pytest.mark.postgres
def test_a_database_that_goes_away_is_unavailable_and_works_again_when_it_is_back(postgresql):
    database = Database(postgresql.new_database())
    database.upgrade()
    database.unit(lambda session: session.add(PartitionRow(id="a", name="eu")))
    postgresql.stop()
    try:
        with pytest.raises(DatabaseUnavailable, match="cannot be used at the moment"):
            database.unit(names)
    finally:
        postgresql.start()
    assert database.unit(names) == ["eu"]
    database.dispose()


def test_an_unreachable_database_says_so_without_its_password():
    database = Database("postgresql://edge:geheim@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable) as refused:
        database.prepare()
    assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(database)
    database.dispose()


def test_a_file_that_is_no_database_is_unavailable_with_a_sentence(tmp_path):
    (tmp_path / "edge.db").write_bytes(b"nothing that SQLite wrote" * 400)
    database = Database(f"sqlite:///{tmp_path}/edge.db", exclusive=True)
    with pytest.raises(DatabaseUnavailable, match="file is not a database"):
        database.prepare()
    database.dispose()


@pytest.mark.postgres
def test_a_server_that_became_a_standby_is_unavailable(postgresql):
    database = Database(postgresql.new_database())
    database.upgrade()

    def unit(session):
        session.execute(text("SET TRANSACTION READ ONLY"))
        session.add(PartitionRow(id="a", name="eu"))

    with pytest.raises(DatabaseUnavailable, match="read-only"):
        database.unit(unit)
    database.dispose()


def test_an_error_of_the_database_never_shows_what_was_written(open_database):
    database = open_database()
    with pytest.raises((DBAPIError, DatabaseUnavailable)) as raised:
        database.unit(lambda session: session.execute(text("INSERT INTO nowhere VALUES (:hash)"), {"hash": "geheim"}))
    shown = f"{raised.value} {raised.value.__cause__}"
    assert "nowhere" in shown
    assert "geheim" not in shown
