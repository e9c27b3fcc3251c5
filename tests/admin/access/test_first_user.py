import random
import stat

import pytest

from edge.admin.access.first_user import PASSWORD_FILE, first_user
from edge.store.database import Database
from edge.store.errors import StoreError
from edge.store.hashing import verify_password
from edge.store.tables import UserRow


@pytest.fixture
def database():
    opened = Database("sqlite://")
    opened.prepare()
    yield opened
    opened.dispose()


def start(database, tmp_path, given=None, terminal=False):
    made = database.unit(lambda session: first_user(session, given, terminal, tmp_path, random.SystemRandom()))
    return made, database.unit(lambda session: session.query(UserRow).one())


def test_a_given_password_is_the_first_users_and_is_not_told(database, tmp_path):
    made, user = start(database, tmp_path, given="chosen by me")
    assert made is None
    assert (user.name, user.role) == ("admin", "admin")
    assert verify_password(user.password_hash, "chosen by me")
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_the_password_is_in_a_private_file(database, tmp_path):
    made, user = start(database, tmp_path / "data")
    file = tmp_path / "data" / PASSWORD_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert verify_password(user.password_hash, file.read_text().strip())
    assert file.read_text().strip() not in made.notice
    assert str(file) in made.notice


def test_on_a_terminal_the_password_is_told_and_in_no_file(database, tmp_path):
    made, user = start(database, tmp_path, terminal=True)
    assert made.text in made.notice
    assert made.text not in repr(made)
    assert verify_password(user.password_hash, made.text)
    assert list(tmp_path.iterdir()) == []


def test_without_a_place_for_the_password_no_user_is_made(database, tmp_path):
    (tmp_path / PASSWORD_FILE).mkdir()
    with pytest.raises(StoreError, match="first password cannot be written"):
        start(database, tmp_path)
    assert database.unit(lambda session: session.query(UserRow).count()) == 0


def test_a_second_start_makes_no_user(database, tmp_path):
    _, before = start(database, tmp_path, given="chosen by me")
    made, after = start(database, tmp_path, given="something else")
    assert made is None
    assert after.password_hash == before.password_hash
