"""The simulator's seams of time: timers come from the running loop, wall time from `now`, durations from `precise`.

A loop that carries `virtual_epoch` (seconds since 1970 at its time 0) has a time of its own: wall time and durations
then follow the loop's clock. `simulator.loops` has two of them: virtual time, where blocking work runs inline, and real
time at a factor, which carries `time_factor` too. Nothing here is imported from anywhere else, so the simulator can be
used on its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")


def _virtual_loop() -> asyncio.AbstractEventLoop | None:
    loop = asyncio._get_running_loop()
    return loop if getattr(loop, "virtual_epoch", None) is not None else None


def unix() -> float:
    """Wall time as seconds since 1970-01-01 UTC."""
    loop = _virtual_loop()
    if loop is None:
        return time.time()
    epoch: float = loop.virtual_epoch  # type: ignore[attr-defined]
    return epoch + loop.time()


def now() -> datetime:
    """Wall time, aware, in UTC."""
    return datetime.fromtimestamp(unix(), UTC)


def precise() -> float:
    """Seconds from an arbitrary start, for measuring durations; never for timers."""
    loop = _virtual_loop()
    return time.perf_counter() if loop is None else loop.time()


async def run_blocking(function: Callable[[], T], executor: Executor | None = None) -> T:
    """Run blocking work off the loop (in `executor`, else the loop's own), or inline in virtual time."""
    loop = _virtual_loop()
    if loop is not None and getattr(loop, "time_factor", None) is None:
        return function()
    return await asyncio.get_running_loop().run_in_executor(executor, function)


def real_unix() -> float:
    """The machine's wall time, whatever the loop says: only for loops that make a time of their own."""
    return time.time()


def real_monotonic() -> float:
    """The machine's monotonic time, whatever the loop says: only for loops that make a time of their own."""
    return time.monotonic()


def timestamp(moment: datetime) -> str:
    """metav1.Time: RFC 3339 in UTC with whole seconds, 2026-11-22T08:15:30Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(moment: datetime) -> str:
    """metav1.MicroTime: RFC 3339 in UTC with six decimals, 2026-11-22T08:15:30.123456Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """The moment that a metav1.Time or MicroTime names; ValueError when it is none."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Clock:
    """The module's functions as an object, for parts that are given their clock."""

    def unix(self) -> float:
        return unix()

    def now(self) -> datetime:
        return now()

    def precise(self) -> float:
        return precise()

    def timestamp(self) -> str:
        """Now as metav1.Time."""
        return timestamp(now())

    def micro_timestamp(self) -> str:
        """Now as metav1.MicroTime."""
        return micro_timestamp(now())
