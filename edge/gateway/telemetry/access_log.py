"""One JSON line for each request, written in batches.

A batch is written when it is large enough, or a moment after its first line: one timer for many requests. When the
file has been moved away (logrotate), a batch begins a new one of the same name. A file takes a batch at once (the page
cache); a pipe whose reader is stuck must not hold up traffic, so what it does not take now is dropped and counted.

Whole lines, whoever else writes: a file is appended to, and a pipe is given as many lines as it takes whole or not at
all (`select.PIPE_BUF`). Standard output is other programs' too, the terminal's shell among them, so it is not made
non-blocking: it is opened anew where that can be, and a socket (systemd's journal) is asked not to wait each time.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec
import structlog

from edge.gateway.telemetry.line import Line
from edge.gateway.telemetry.log_fields import Choice

log = structlog.get_logger("edge.gateway")

_encode: Final = msgspec.json.Encoder().encode


def open_file(path: str) -> int:
    """A descriptor that appends to `path`, `-` being standard output. Nothing but a socket blocks. OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe that nobody reads yet would wait
    if path != "-":
        return os.open(path, flags | os.O_CREAT, 0o640)
    mode = os.fstat(1).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISSOCK(mode):
        with suppress(OSError):  # no /proc, or another user's
            return os.open("/proc/self/fd/1", flags)
        os.set_blocking(1, False)
    return os.dup(1)


def _pieces(data: bytes) -> Iterator[bytes]:
    """Whole lines, as many at a time as a pipe takes at once; a longer one by itself."""
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + select.PIPE_BUF) + 1 or data.index(b"\n", start) + 1
        yield data[start:end]
        start = end


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
        self._mode = 0
        self._failing = False
        self._cut = b""
        self.lost = 0
        self.enabled = path != ""
        names = tuple(fields)
        self.chosen = Choice(names) if names and self.enabled else None
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
        self._mode = os.fstat(opened).st_mode
        self._failing = False
        self.lost += bool(self._cut)
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
        written = self._put(data)
        if written < len(data):
            if written and data[written - 1] != 10:  # the rest of a line that was cut goes before the next one
                end = data.index(b"\n", written) + 1
                self._cut = data[written:end]
                written = end
            self.lost += data.count(b"\n", written)

    def _put(self, data: bytes) -> int:
        """Write as much as is taken now; how many bytes that was."""
        written = 0
        regular, stream = stat.S_ISREG(self._mode), stat.S_ISSOCK(self._mode)
        with suppress(OSError):  # a stuck reader, or a full disk: requests go on
            for piece in (data,) if regular else _pieces(data):
                taken = self._send(piece) if stream else os.write(self._file, piece)
                written += taken
                while regular and written < len(data):
                    written += os.write(self._file, data[written:])
                if taken < len(piece) and not regular:
                    break
        return written

    def _send(self, piece: bytes) -> int:
        with socket.socket(fileno=os.dup(self._file)) as sock:
            return sock.send(piece, socket.MSG_DONTWAIT)

    def reopen(self) -> None:
        """Write what waits, and leave a file that was moved away even if nothing does."""
        if self.enabled:
            self.flush()
            self._follow_name()

    def close(self) -> None:
        """Write what waits and end."""
        if self.enabled:
            self.flush()
            self.enabled = False
            if self._file >= 0:
                os.close(self._file)
