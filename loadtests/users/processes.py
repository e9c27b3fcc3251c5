"""The two processes of `make loadtest`: the demo, which says how to reach it, and locust, which says when it is up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from edge.tasks import Tasks

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
SPAWNED = "All users spawned"
FAILED = "failed: "


class LoadtestError(Exception):
    """A phase did not happen; the message says which, what was expected and what came."""


class Demo(NamedTuple):
    """Where a demo that stays up is."""

    admin: str
    token: str
    kubeconfig: Path
    gateway: str
    host: str


def read_demo(lines: Sequence[str]) -> Demo:
    """From the lines that `edge demo` prints behind the tutorial. Raises LoadtestError when one is not there."""
    said: dict[str, str] = {}
    for line in lines:
        words = line.split()
        if line.startswith("console "):
            said["admin"] = words[1]
        elif line.startswith("export "):
            name, _, value = words[1].partition("=")
            said[name] = value
        elif line.startswith("curl -H 'Host: "):
            said["host"], said["gateway"] = words[3].rstrip("'"), words[4]
    try:
        return Demo(said["admin"], said["EDGE_TOKEN"], Path(said["KUBECONFIG"]), said["gateway"], said["host"])
    except KeyError as error:
        raise LoadtestError(f"edge demo did not say {error}: {' | '.join(lines[-5:])}") from None


class Process:
    """A program with its output as `lines`; ended by its id, whatever happens, by `stop`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.lines: list[str] = []
        self._process = process
        self._said = asyncio.Event()
        self._reading = Tasks().start(self._read(), f"output of {name}")

    @classmethod
    async def start(cls, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Process:
        """`python ARGUMENTS…` in a session of its own, so that Ctrl-C reaches the load test alone."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            start_new_session=True,
        )
        return cls(name, process)

    async def until_said(self, words: str, seconds: float) -> None:
        """Until a line holds `words`. When that does not come, ends it and raises LoadtestError with its last lines."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not any(words in line for line in self.lines) and not self._reading.done():
                    self._said.clear()
                    await self._said.wait()
        if not any(words in line for line in self.lines):
            await self.stop()
            raise LoadtestError(f"{self.name} did not say {words!r}:\n" + "\n".join(self.lines[-12:]))

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := (await self._process.stdout.readline()).decode(errors="replace"):
            self.lines.append(line.rstrip("\n"))
            self._said.set()
        self._said.set()

    async def ended(self) -> int:
        """Its exit code."""
        return await self._process.wait()

    async def stop(self, seconds: float = 20.0) -> int:
        """SIGTERM, and SIGKILL when it has not ended after `seconds`; its exit code. `lines` is whole then."""
        if self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGTERM)  # asyncio's own way may reap it and lose its exit code
            try:
                async with asyncio.timeout(seconds):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        code = await self._process.wait()
        await self._reading
        return code


@asynccontextmanager
async def demo() -> AsyncIterator[tuple[Demo, Process]]:
    """`edge demo --stay`, from when its tutorial has held: where it is, and its process, which is ended behind."""
    process = await Process.start("edge demo", "-m", "edge", "demo", "--stay")
    await process.until_said("Ctrl-C ends everything", 60)
    try:
        yield read_demo(process.lines), process
    finally:
        await process.stop()


async def start_locust(gateway: str, host: str, users: int, report: Path, *options: str) -> Process:
    """Locust with `users` users, when all of them are there; it writes `report`.json when it is stopped."""
    process = await Process.start(
        "locust",
        *("-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "--stop-timeout", "10"),
        *("--users", str(users), "--spawn-rate", "100", "--host", gateway, "--host-header", host),
        *("--json-file", str(report), *options),
    )
    await process.until_said(SPAWNED, 30)
    return process
