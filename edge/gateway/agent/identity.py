"""A gateway server's own folder: who holds it, and the credential by which the Admin knows the server."""

from __future__ import annotations

import base64
import fcntl
import os
import re
import secrets
from pathlib import Path

from edge.gateway.errors import GatewayError

_CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{43}\Z")


class DataFolder:
    """The folder, held by one gateway at a time while this object is open. Raises GatewayError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise GatewayError(f"the data folder {path} cannot be used: {error.strerror} (--data-dir)") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise GatewayError(
                f"another gateway runs with the data folder {path}: give each its own --data-dir"
            ) from None

    def close(self) -> None:
        """Let another gateway have it."""
        os.close(self._lock)

    def credential(self) -> str:
        """The server's credential: 32 random bytes as base64url, made at first and kept, readable by its owner only."""
        file = self.path / "credential"
        try:
            return self._read(file) if file.exists() else self._make(file)
        except OSError as error:
            raise GatewayError(f"the credential in {file} cannot be used: {error.strerror}") from None

    def _read(self, file: Path) -> str:
        credential = file.read_text(encoding="ascii", errors="replace").strip()
        if not _CREDENTIAL.match(credential):
            raise GatewayError(
                f"{file} holds no credential: remove it to join again as a new server, which needs a join token"
            )
        file.chmod(0o600)
        return credential

    def _make(self, file: Path) -> str:
        """Written whole before it is first used, so that a lost answer to the join can be asked for again."""
        credential = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        write_private(file, credential.encode() + b"\n")
        return credential


def write_private(file: Path, content: bytes) -> None:
    """Replace `file` by one with this content, readable by its owner only, in one step that survives a power cut.
    Raises OSError."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(file)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
