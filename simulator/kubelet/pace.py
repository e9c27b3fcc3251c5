"""One status write after the other, as a kubelet's status manager does.

Pods that turn ready (or end) in the same millisecond are written one each turn of the loop, so that whoever watches
sees each of them, as on a real node; when many wait, a turn takes an eighth of them (when hundreds do, half), so that
thousands do not take thousands of turns, each with all its watchers. While the gate is closed everything waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from simulator.controllers.queue import Gate
from simulator.errors import ApiError

CROWD = 200

log = structlog.get_logger("simulator.kubelet")


class Pace:
    """A queue of writes."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Callable[[], Any]] = deque()
        self._scheduled = False
        gate.on_open(self._schedule)

    def do(self, write: Callable[[], Any]) -> None:
        """Run `write` in its turn."""
        self._waiting.append(write)
        self._schedule()

    def clear(self) -> None:
        self._waiting.clear()

    def _schedule(self) -> None:
        if self._waiting and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        if self._gate.open:
            self._write_some()
        self._scheduled = False  # not before: what these writes cause goes first, then the next turn
        if self._gate.open:
            self._schedule()

    def _write_some(self) -> None:
        waiting = len(self._waiting)
        for _ in range(1 + waiting // (8 if waiting < CROWD else 2)):
            if not self._waiting:
                break
            try:
                self._waiting.popleft()()
            except ApiError as error:
                log.debug("a status could not be written", error=str(error))
            except Exception as error:
                log.error("kubelet failed", exc_info=error)
