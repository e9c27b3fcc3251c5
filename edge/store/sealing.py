"""Secrets at rest: AES-256-GCM, bound to the row they belong to.

A sealed value is one version byte, a 12-byte nonce, and the ciphertext with its tag. The associated data is
"table/row/column": a value that is copied to another row does not open there. The key is 32 bytes, from the
environment or from a file with mode 0600 in the data directory, never from the database.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.store.errors import StoreError

KEY_FILE = "secret-key"
_VERSION = b"\x01"
_NONCE = 12


class Sealer:
    """Seals and opens secrets with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "<Sealer>"

    def seal(self, secret: str, place: str) -> bytes:
        """`secret` encrypted for `place` ("kubernetes_clusters/ID/token")."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The secret sealed for `place`. Raises StoreError when key or place do not fit."""
        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            nonce, ciphertext = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
            return self._cipher.decrypt(nonce, ciphertext, place.encode()).decode()
        except (InvalidTag, ValueError):
            raise StoreError(
                f"the secret of {place} cannot be opened: the secret key is not the one it was sealed with; "
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
