"""An event loop whose clock jumps to the next timer instead of waiting for it.

Words: *virtual time* is the loop's `time()`; the *epoch* is the wall time at which it starts. Nothing outside the
loop may be waited for: with no timer and nothing ready, the run can never go on, and that is raised as an error
instead of hanging.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH = 1_767_225_600.0  # 2026-01-01T00:00:00Z


class VirtualTimeDeadlock(RuntimeError):
    """Every task waits and no timer is armed: nothing can ever happen again."""


class _JumpingSelector(selectors.DefaultSelector):
    """Answers what is ready; where the loop would wait, moves its clock instead."""

    loop: VirtualTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise VirtualTimeDeadlock("every task waits and no timer is armed")
        self.loop.advance(timeout)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time; `edge.clock` recognises it by `virtual_epoch`."""

    def __init__(self, epoch: float = EPOCH) -> None:
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.loop = self
        self.virtual_epoch = epoch
        self._virtual_now = 0.0
        # asyncio runs what is due within this; less would vanish in rounding after a year, and nothing be due again
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._virtual_now

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds`, at least to the next number it can show: after years a small step would
        otherwise vanish in rounding, and a due timer would never be due."""
        self._virtual_now = max(self._virtual_now + seconds, math.nextafter(self._virtual_now, math.inf))


def run(main: Coroutine[Any, Any, T], epoch: float = EPOCH) -> T:
    """Run `main` to its end in virtual time and return its result."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(epoch)) as runner:
        return runner.run(main)
