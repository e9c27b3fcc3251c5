"""An endpoint in a process of its own, which can be killed or stopped without notice.

    python -m tests.end_to_end.endpoint NAME SECONDS

It says its port, and answers every request after SECONDS with `X-Pod: NAME`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httptools


class Served(asyncio.Protocol):
    def __init__(self, name: str, delay: float) -> None:
        self._answer = f"HTTP/1.1 200 OK\r\nX-Pod: {name}\r\nContent-Length: 2\r\n\r\nok".encode()
        self._delay = delay
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._parser.feed_data(data)

    def on_message_complete(self):
        asyncio.get_running_loop().call_later(self._delay, self._transport.write, self._answer)


async def main(name: str, delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Served(name, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Endpoint:
    """The process, seen from outside."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, port: int) -> None:
        self.name = name
        self.port = port
        self._process = process

    def kill(self) -> None:
        """Its connections are reset or closed, and new ones refused."""
        os.kill(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """It says nothing more; what listens in the kernel for it takes connections all the same."""
        os.kill(self._process.pid, signal.SIGSTOP)

    async def gone(self) -> None:
        """Wait until it has ended."""
        await self._process.wait()

    async def ended(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def endpoints(count: int, delay: float) -> AsyncIterator[list[Endpoint]]:
    """So many of them, "endpoint-0" and so on."""
    started = []
    try:
        for number in range(count):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.end_to_end.endpoint", f"endpoint-{number}", str(delay)),
                stdout=asyncio.subprocess.PIPE,
            )
            started.append(Endpoint(f"endpoint-{number}", process, 0))
        for endpoint in started:
            endpoint.port = int(await endpoint._process.stdout.readline())
        yield started
    finally:
        for endpoint in started:
            await endpoint.ended()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
