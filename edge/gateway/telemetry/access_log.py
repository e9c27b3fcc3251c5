"""One JSON line for each request, written in batches.

A batch is written when it is large enough, or a moment after its first line: one timer for many requests. When the
file has been moved away (logrotate), a batch begins a new one of the same name. A file takes a batch at once (the page
cache); a pipe whose reader is stuck must not hold up traffic, so what it does not take now is dropped and counted.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import structlog

from edge.gateway.telemetry.line import Line
from edge.gateway.telemetry.log_fields import Choice

log = structlog.get_logger("edge.gateway")

_encode: Final = msgspec.json.Encoder().encode


def open_file(path: str) -> int:
    """A descriptor that appends to `path`, `-` being standard output; not blocking unless it is a file. OSError."""
    if path == "-":
        descriptor = os.dup(1)
    else:
        flags = (
            os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        )  # or a pipe nobody reads would wait
        descriptor = os.open(path, flags, 0o640)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.set_blocking(descriptor, False)
    return descriptor


class AccessLog:
    """Appends lines to `path` (`-`: standard output, empty: nowhere). While it cannot be opened its lines are lost and
    counted, and the requests go on. `chosen` makes lines of chosen `fields`; None: they are `Line`s."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, path: str, batch: int, delay: float, fields: Iterable[str] = ()
    ) -> None:
        self._loop = loop
        self._path = path
        self._batch = batch
        self._delay = delay
        self._lines: list[bytes] = []
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._file = -1
        self._failing = False
        self._cut = b""
        self.enabled = path != ""
        names = tuple(fields)
        self.chosen = Choice(names) if names and self.enabled else None
        self.lost = 0
        if self.enabled:
            self._open()

    def _open(self) -> None:
        """Open the file; the one before, if any, is kept where that cannot be."""
        try:
            opened = open_file(self._path)
        except OSError as error:
            if self._file < 0 and not self._failing:
                self._failing = True
                log.error("the access log cannot be opened", file=self._path, reason=error.strerror)
            return
        if self._file >= 0:
            os.close(self._file)
        self._file = opened
        self._failing = False
        self._cut = b""

    def _follow_name(self) -> None:
        """Go on in a new file of the same name if the old one was moved away."""
        if self._path == "-":
            return
        if self._file >= 0:
            try:
                named, old = os.stat(self._path), os.fstat(self._file)
                if (named.st_dev, named.st_ino) == (old.st_dev, old.st_ino):
                    return
            except OSError:
                pass
        self._open()

    def write(self, line: Line | dict[str, Any]) -> None:
        """Take one line; nothing is written yet."""
        encoded = _encode(line)
        self._lines.append(encoded)
        self._size += len(encoded) + 1
        if self._size >= self._batch:
            self.flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(self._delay, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._lines:
            return
        self._follow_name()
        lines, self._lines, self._size = self._lines, [], 0
        data = self._cut + b"\n".join(lines) + b"\n"
        self._cut = b""
        try:
            written = os.write(self._file, data)
            while written < len(data) and stat.S_ISREG(os.fstat(self._file).st_mode):
                written += os.write(self._file, data[written:])
        except BlockingIOError:
            written = 0
        except OSError:  # a full disk must not fail requests
            written = 0
        if written < len(data):
            if written and data[written - 1] != 10:  # the rest of a line that was cut goes before the next one
                end = data.index(b"\n", written) + 1
                self._cut = data[written:end]
                written = end
            self.lost += data.count(b"\n", written)

    def close(self) -> None:
        """Write what waits and end."""
        if self.enabled:
            self.flush()
            self.enabled = False
            if self._file >= 0:
                os.close(self._file)
