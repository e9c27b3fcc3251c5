"""The three seams of time: timers come from the running loop, durations from `precise`, wall time from `now`.

In virtual time (`edge.virtual_time`) the running loop carries an epoch; `now` and `precise` then follow the loop's
own clock and blocking work runs inline, so that a whole control plane can be run from a seed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")


def _virtual_epoch() -> tuple[float, asyncio.AbstractEventLoop] | None:
    loop = asyncio._get_running_loop()
    if loop is None:
        return None
    epoch: float | None = getattr(loop, "virtual_epoch", None)
    return None if epoch is None else (epoch, loop)


def unix() -> float:
    """Wall time as seconds since 1970-01-01 UTC."""
    virtual = _virtual_epoch()
    return time.time() if virtual is None else virtual[0] + virtual[1].time()


def now() -> datetime:
    """Wall time, aware, in UTC."""
    return datetime.fromtimestamp(unix(), UTC)


def precise() -> float:
    """Seconds from an arbitrary start, for measuring durations; never for timers."""
    virtual = _virtual_epoch()
    return time.perf_counter() if virtual is None else virtual[1].time()


def of_loop(loop: asyncio.AbstractEventLoop) -> tuple[Callable[[], float], Callable[[], float]]:
    """(`precise`, `unix`) as they are in `loop`, for hot paths: asking which loop runs is a system call each time."""
    epoch: float | None = getattr(loop, "virtual_epoch", None)
    if epoch is None:
        return time.perf_counter, time.time
    start = epoch
    return loop.time, lambda: start + loop.time()


async def run_blocking(function: Callable[[], T], executor: Executor | None = None) -> T:
    """Run blocking work off the loop (in `executor`, else the loop's own), or inline in virtual time."""
    if _virtual_epoch() is not None:
        return function()
    return await asyncio.get_running_loop().run_in_executor(executor, function)


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: 2026-11-22T08:15:30.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
