"""The demo's child processes: started together, known to be ready by their ready lines, ended in order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.tasks import Tasks


class DemoError(Exception):
    """A step did not hold; the message says what was expected and what came."""


def port_or_any(port: int) -> int:
    """`port` when it can be bound on 127.0.0.1, else 0: any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


class Child:
    """One `edge` process. `ready` is its ready line's words after "ready"; its output goes to `log`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self.ready: list[str] = []
        self._process = process

    def __repr__(self) -> str:
        return f"<Child {self.name} pid={self._process.pid} code={self._process.returncode}>"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait_ready(self, tasks: Tasks, timeout: float = 30.0) -> None:
        """Wait for the ready line; DemoError with the end of the log when it does not come."""
        output = self._process.stdout
        assert output is not None
        try:
            async with asyncio.timeout(timeout):
                while line := (await output.readline()).decode():
                    if line.startswith(f"edge {self.name} ready "):
                        self.ready = line.split()[3:]
                        tasks.start(self._drain(output), f"output of {self.name}")
                        return
                    self._note(line)
        except TimeoutError:
            raise DemoError(f"edge {self.name} was not ready after {timeout:.0f} s:\n{self.tail()}") from None
        await self._process.wait()
        raise DemoError(f"edge {self.name} {self.end_in_words()} instead of starting:\n{self.tail()}")

    async def _drain(self, output: asyncio.StreamReader) -> None:
        while line := await output.readline():
            self._note(line.decode(errors="replace"))

    def _note(self, line: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(line)

    def end_in_words(self) -> str:
        """How it ended; the kernel, out of memory, or a person sends signals that leave no word in its log."""
        code = self._process.returncode
        if code is None:
            return "still runs"
        return f"ended with code {code}" if code >= 0 else f"was ended by the signal {signal.Signals(-code).name}"

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    def signal(self, number: int) -> None:
        """Send it a signal; nothing when it has ended."""
        if self.running:
            self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait until the process ends by itself; its exit code."""
        return await self._process.wait()

    async def stop(self, timeout: float = 10.0) -> None:
        """SIGTERM, and SIGKILL when it has not ended after `timeout` seconds."""
        if not self.running:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def start(
    name: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Child:
    """Start `edge NAME ARGUMENTS…`, logging to `folder/NAME.log`, in its own process group so that Ctrl-C reaches
    the demo alone and the children are ended in order."""
    log = folder / f"{name}.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "edge",
            name,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    return Child(name, process, log)
