import os
import stat
import subprocess
import sys

import pytest
from sqlalchemy import text

from edge.store.database import Database
from edge.store.engine import parse_url
from edge.store.errors import AnotherAdmin, StoreError

HOLD = """
import sys
from edge.store.database import Database
database = Database(sys.argv[1], exclusive=True)
database.prepare()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_admin_on_the_same_database_is_refused_and_other_commands_are_not(open_database):
    first = open_database(exclusive=True)
    with pytest.raises(AnotherAdmin, match="another Admin is active"):
        open_database(exclusive=True)
    assert open_database().unit(lambda session: session.scalar(text("SELECT 1"))) == 1
    first.dispose()
    open_database(exclusive=True)


def test_a_killed_admin_leaves_no_lock_behind(url, open_database):
    open_database().dispose()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=os.getcwd()
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AnotherAdmin):
            open_database(exclusive=True)
        holder.kill()
    open_database(exclusive=True)


def test_a_lock_file_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "edge.db.lock").mkdir()
    database = Database(f"sqlite:///{tmp_path}/edge.db", exclusive=True)
    with pytest.raises(StoreError, match=r"lock file .* cannot be opened: Is a directory"):
        database.prepare()
    database.dispose()


@pytest.mark.postgres
def test_an_admin_whose_connection_was_cut_may_not_write_beside_its_successor(postgresql):
    url = postgresql.new_database()
    first, second = Database(url, exclusive=True), Database(url, exclusive=True)
    first_setup = Database(url)
    first_setup.upgrade()
    first_setup.dispose()
    first.prepare()
    pid = first.unit(lambda session: session.scalar(text("SELECT pg_backend_pid()")))
    postgresql.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    second.prepare()
    with pytest.raises(AnotherAdmin):
        first.unit(lambda session: session.execute(text("SELECT 1")))
    second.dispose()
    assert first.unit(lambda session: session.scalar(text("SELECT 1"))) == 1
    first.dispose()


def test_the_database_file_and_its_journal_are_private(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/deep/edge.db", exclusive=True)
    database.prepare()
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "deep").iterdir()}
    assert set(modes) >= {"edge.db", "edge.db-wal", "edge.db.lock"}
    assert set(modes.values()) == {0o600}
    database.dispose()


def test_sqlite_uses_a_write_ahead_log_and_checks_references(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/edge.db")

    def pragmas(session):
        return [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "foreign_keys", "synchronous")]

    assert database.unit(pragmas) == ["wal", 1, 2]
    database.dispose()


@pytest.mark.parametrize("text", ["mysql://u:geheim@h/d", "nonsense", "oracle://x"])
def test_other_urls_are_refused_without_repeating_a_password(text):
    with pytest.raises(StoreError) as refused:
        parse_url(text)
    assert "geheim" not in str(refused.value)


def test_a_database_file_that_cannot_be_opened_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/edge\.db cannot be opened"):
        Database(f"sqlite:///{tmp_path}/file/edge.db")
