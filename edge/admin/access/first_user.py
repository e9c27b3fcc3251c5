"""The user `admin`, whom a first start makes, and where his password is told."""

from __future__ import annotations

import random as random_module
from pathlib import Path

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge import clock
from edge.store.errors import StoreError
from edge.store.hashing import hash_password
from edge.store.sealing import write_private
from edge.store.tables import UserRow

PASSWORD_FILE = "admin-password"  # noqa: S105 - a file's name


class FirstPassword(msgspec.Struct, frozen=True):
    """Where the password of the first user is, when it was made up: in a file, or only here, for the terminal."""

    text: str | None
    file: Path | None

    def __repr__(self) -> str:
        return f"<FirstPassword {self.file or 'for the terminal'}>"

    @property
    def notice(self) -> str:
        """What to tell the operator, once."""
        if self.file is not None:
            return f"first start: user admin, password in {self.file}"
        return f"first start: user admin, password {self.text}"


def first_user(
    session: Session, given: str | None, terminal: bool, data_dir: Path, random: random_module.Random
) -> FirstPassword | None:
    """Make the user `admin` unless there are users already; None when there is nothing to tell. The password file is
    written before the user is stored, so that no user can be left whose password nobody knows. Raises StoreError when
    it cannot be written."""
    if session.scalar(select(UserRow.id).limit(1)) is not None:
        return None
    text = given or _password(random)
    file = None
    if not given and not terminal:
        file = data_dir / PASSWORD_FILE
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            file.unlink(missing_ok=True)
            write_private(file, text + "\n")
        except OSError as error:
            raise StoreError(f"the first password cannot be written to {file}: {error.strerror}") from None
    id = random.randbytes(10).hex()
    row = UserRow(id=id, name="admin", role="admin", password_hash=hash_password(text), created=clock.now())
    session.add(row)
    return None if given else FirstPassword(None if file else text, file)


def _password(random: random_module.Random) -> str:
    """About 99 bits that can be read out loud: no letters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(letters[random.randrange(len(letters))] for _ in range(5)) for _ in range(4))
