"""Secrets at rest: sealed (`edge.sealing`) for the row that they belong to.

The key is 32 bytes, from the environment or from a file with mode 0600 in the data directory, never from the database.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from pathlib import Path

from edge.sealing import Cipher, SealError
from edge.store.errors import StoreError

KEY_FILE = "secret-key"


class Sealer(Cipher):
    """Seals and opens what the database keeps."""

    def open(self, sealed: bytes, place: str) -> str:
        """The secret sealed for `place`. Raises StoreError when key or place do not fit."""
        try:
            return super().open(sealed, place)
        except SealError as error:
            raise StoreError(
                f"{error}: the secret key is not the one it was sealed with; "
                f"restore the file {KEY_FILE} or EDGE_SECRET_KEY that belongs to this database"
            ) from None


def load_key(data_dir: Path, environment: str | None) -> bytes:
    """The key from `environment` (EDGE_SECRET_KEY: 32 bytes as base64 or hexadecimal), else from the key file, which
    is made when it is not there. Raises StoreError when what is there is not a key or others may read it."""
    if environment:
        return _decode(environment, "EDGE_SECRET_KEY")
    file = data_dir / KEY_FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            write_private(file, base64.b64encode(os.urandom(32)).decode() + "\n")
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            raise StoreError(f"{file} may be read by others (mode {mode:04o}); run: chmod 600 {file}")
        return _decode(file.read_text("ascii", errors="replace"), str(file))
    except OSError as error:
        raise StoreError(f"the secret key {file} cannot be used: {error.strerror}") from None


def _decode(text: str, origin: str) -> bytes:
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise StoreError(f"{origin} must hold 32 bytes as base64 or hexadecimal; it does not")
    return key


def write_private(file: Path, text: str) -> None:
    """Create `file`, whole or not at all, with mode 0600. A file that is already there stays as it is."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
    finally:
        os.unlink(draft)
