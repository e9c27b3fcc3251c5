"""Turns on a cluster that outlives a case: cases use the same names in it, so only one at a time may be there.

The turn is a lock on a file of this user's, so that it holds between the cases of one run (`-n`), between the workers
of pytest-xdist, and between runs in two terminals. It ends with the process that has it, whatever happens to that.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

LOOK = 0.1  # seconds between two looks: a file lock wakes nobody


class Turn:
    """The turn of one case on the cluster called `name`."""

    def __init__(self, name: str) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        self._path = Path(tempfile.gettempdir()) / f"edge-scenarios-{os.getuid()}" / f"{digest}.lock"
        self._file: int | None = None

    async def take(self) -> None:
        """Wait until nobody else has it."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            while not _locked(file):  # noqa: ASYNC110 – another process may have it, which sends no event
                await asyncio.sleep(LOOK)
        except BaseException:
            os.close(file)
            raise
        self._file = file

    def leave(self) -> None:
        """Let the next one in. May be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
