"""Event loops with a time of their own: virtual time, and real time at a factor.

All timers of the simulator are timers of its loop and all wall time follows the loop (`simulator.clock`), so that a
loop decides how time passes and nothing else has to know.

- `VirtualLoop` waits for nothing: where a loop would wait it moves its clock to the next timer. A year in which
  nothing happens costs next to nothing. With no timer and nothing ready, nothing could ever happen again: that is an
  error, not a hang.
- `ScaledLoop` runs at `factor` simulated seconds for a real one, and `advance` jumps ahead. It reads sockets as any
  loop does.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from simulator import clock

T = TypeVar("T")

EPOCH = 1_767_225_600.0  # 2026-01-01T00:00:00Z
RESOLUTION = 1e-6
"""Timers this near are due. A float still tells such moments apart after centuries; with asyncio's 1e-9 a loop that
is a year old could not reach its next timer."""
HANDSHAKE_SECONDS = 60.0
Ready = list[tuple[selectors.SelectorKey, int]]


class Deadlock(RuntimeError):
    """Every task waits and no timer is armed: nothing can ever happen again."""


class _JumpingSelector(selectors.DefaultSelector):
    """Answers what is ready; where the loop would wait, moves its clock instead."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Ready:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Deadlock("every task waits and no timer is armed: what is waited for can never happen")
        self.loop.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time; `virtual_epoch` is the wall time at which it starts."""

    def __init__(self, epoch: float = EPOCH) -> None:
        selector = _JumpingSelector()
        self._virtual_now = 0.0
        super().__init__(selector)
        selector.loop = self
        self.virtual_epoch = epoch
        self._clock_resolution = RESOLUTION

    def time(self) -> float:
        return self._virtual_now

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds`, at least by its resolution so that due timers are due."""
        self._virtual_now += max(seconds, RESOLUTION)


class _ScaledSelector(selectors.DefaultSelector):
    """Waits for as long in real time as the loop's time takes."""

    factor = 1.0

    def select(self, timeout: float | None = None) -> Ready:
        return super().select(timeout if timeout is None else timeout / self.factor)


class ScaledLoop(asyncio.SelectorEventLoop):
    """Real time at `time_factor`: 60 makes a minute of the simulator's pass in a second."""

    def __init__(self, factor: float = 1.0) -> None:
        selector = _ScaledSelector()
        selector.factor = self.time_factor = factor
        self._began = clock.real_monotonic()
        self._ahead = 0.0
        self.virtual_epoch = clock.real_unix()
        super().__init__(selector)

    def time(self) -> float:
        return self._ahead + (clock.real_monotonic() - self._began) * self.time_factor

    def advance(self, seconds: float) -> None:
        """Jump ahead; timers that are due then fire now. May be called from another thread."""
        self._ahead += seconds
        self.call_soon_threadsafe(_nothing)

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As every loop, but a client has a real minute for its TLS handshake."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", HANDSHAKE_SECONDS * max(self.time_factor, 1.0) * 1e6)
        return await super().create_server(*args, **options)


def _nothing() -> None:
    """Wakes a loop that waits."""


def run_virtual(main: Coroutine[Any, Any, T], epoch: float = EPOCH) -> T:
    """Run `main` to its end in virtual time and return its result."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(epoch)) as runner:
        return runner.run(main)


def run_scaled(main: Coroutine[Any, Any, T], factor: float) -> T:
    """Run `main` to its end in real time at `factor` and return its result."""
    with asyncio.Runner(loop_factory=lambda: ScaledLoop(factor)) as runner:
        return runner.run(main)
