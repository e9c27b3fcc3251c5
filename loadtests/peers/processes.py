"""Processes of a measurement: started on a core, measured over /proc, ended whatever happens."""

from __future__ import annotations

import functools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Stat(NamedTuple):
    """One process: its parent's id, CPU seconds of all its threads (ended ones too), and resident bytes."""

    pid: int
    parent: int
    cpu: float
    rss: int


class Cores(NamedTuple):
    """Where proxies run and where the load; both None when there is only one core."""

    proxy: int | None
    load: int | None


def parse_stat(text: str) -> Stat:
    """A line of /proc/PID/stat (proc(5)); a name may hold spaces and parentheses."""
    pid, _, rest = text.partition(" ")
    fields = rest.rpartition(")")[2].split()
    return Stat(int(pid), int(fields[1]), (int(fields[11]) + int(fields[12])) / TICK, int(fields[21]) * PAGE)


def proportional(rollup: str) -> int:
    """Bytes of a /proc/PID/smaps_rollup (proc(5)) with what is shared divided among those who share it: what a process
    takes of the machine. Libraries and what was there before a fork count whole in `rss`."""
    for line in rollup.splitlines():
        name, _, rest = line.partition(":")
        if name == "Pss":
            return int(rest.split()[0]) * 1024
    raise ValueError("it has no Pss")


def tree(pid: int) -> list[Stat]:
    """The process and its descendants."""
    stats = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = parse_stat((folder / "stat").read_text())
            except OSError:  # it has just ended
                continue
            stats[stat.pid] = stat
    return descendants(pid, stats)


def descendants(pid: int, stats: Mapping[int, Stat]) -> list[Stat]:
    """Of `stats`, the process and everything below it."""
    found = [stats[pid]] if pid in stats else []
    for stat in found:
        found += [child for child in stats.values() if child.parent == stat.pid]
    return found


def cores() -> Cores:
    """Two cores that this process may use."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[1]) if len(allowed) > 1 else Cores(None, None)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def ask_once(port: int, request: bytes) -> bytes:
    """What is answered to `request` on a connection of its own, up to its end. Raises OSError."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(request)
        while data := sock.recv(65536):
            answer += data
    return answer


class Running:
    """A program in a process group of its own on `core`; its output goes to `log`."""

    def __init__(
        self, command: Sequence[str], core: int | None, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        hold = None if core is None else functools.partial(os.sched_setaffinity, 0, [core])
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                preexec_fn=hold,
            )
        self.pid = self._process.pid

    def wait_for(self, port: int, host: str, seconds: float = 30.0) -> bytes:
        """Until it answers a request for `host` with 200; the answer. Raises RuntimeError with its last words."""
        request = b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host.encode()
        limit = time.perf_counter() + seconds
        said = b"nothing"
        while time.perf_counter() < limit and self._process.poll() is None:
            try:
                said = ask_once(port, request)
                if said.startswith(b"HTTP/1.1 200"):
                    return said
            except OSError:
                pass
            time.sleep(0.02)
        words = self.log.read_text(errors="replace")[-800:].strip()
        raise RuntimeError(f"it did not come up, its last answer was {said[:60]!r}: {words}")

    def measure(self) -> list[Stat]:
        """All of its processes."""
        return tree(self.pid)

    def end(self) -> None:
        """SIGTERM, and SIGKILL to what is left of its group after five seconds."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
