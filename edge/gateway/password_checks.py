"""Password checks of a worker: one thread for all of them, and bounds so that nobody can buy its time by guessing.

A check is meant to be dear (0.15 s). So one runs at a time, away from the loop; at most QUEUE wait, of one client
PER_CLIENT; and a client whose guesses were wrong FAILURES times has to wait until one more is due, each minute's share
at a time. A client is an IPv4 address or an IPv6 network of 64 bits, which is what one subscriber has.

In virtual time checks run inline in a later turn of the loop.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import ceil

from edge.rules.decision import Answer

QUEUE = 32
"""Checks that run or wait."""
PER_CLIENT = 4
"""Of one client."""
FAILURES = 10
"""Wrong guesses of one client at once, and in a minute."""
CLIENTS = 10_000
"""Clients whose failures are known; beyond it the oldest is forgotten, and the queue alone bounds it."""

_SPACING = 60.0 / FAILURES


class PasswordChecks:
    """Belongs to a data path; `close` ends the thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread: ThreadPoolExecutor | None = None
        self._running: dict[str, int] = {}
        self._total = 0
        self._due: dict[str, float] = {}  # when all failures of a client are paid off

    def __repr__(self) -> str:
        return f"<PasswordChecks running={self._total} failed={len(self._due)}>"

    def start(self, address: str, work: Callable[[], bool], done: Callable[[bool], None]) -> Answer | None:
        """Have `work` done and `done` called with its result in the loop; or why not, and then neither happens."""
        client, now = _client(address), self._loop.time()
        wait = self._due.get(client, 0.0) - now - (FAILURES - 1) * _SPACING
        if wait > 0:
            return _refusal(429, b"too many wrong passwords came from this address\n", ceil(wait))
        if self._running.get(client, 0) >= PER_CLIENT:
            return _refusal(429, b"too many passwords of this address are being checked\n", 1)
        if self._total >= QUEUE:
            return _refusal(503, b"too many passwords are being checked\n", 1)
        self._total += 1
        self._running[client] = self._running.get(client, 0) + 1

        def finished(good: bool) -> None:
            self._total -= 1
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]
            if not good:
                self._failed(client)
            done(good)

        self._run(work, finished)
        return None

    def _run(self, work: Callable[[], bool], finished: Callable[[bool], None]) -> None:
        if hasattr(self._loop, "virtual_epoch"):
            self._loop.call_soon(lambda: finished(work()))
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        future = self._loop.run_in_executor(self._thread, work)
        future.add_done_callback(lambda result: None if result.cancelled() else finished(_result(result)))

    def _failed(self, client: str) -> None:
        now = self._loop.time()
        due = max(self._due.pop(client, now), now) + _SPACING
        if len(self._due) >= CLIENTS:
            del self._due[next(iter(self._due))]
        self._due[client] = due

    def close(self) -> None:
        """Begin no more checks; those that wait are never answered."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)


def _result(future: asyncio.Future[bool]) -> bool:
    """A check that cannot be made, for want of memory, lets nobody in."""
    return future.exception() is None and future.result()


def _client(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def _refusal(status: int, body: bytes, seconds: int) -> Answer:
    return Answer(status, body, b"text/plain", fields=((b"retry-after", b"%d" % seconds),))
