"""What happened when: the one record of a run, from which every report is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import msgspec

from edge import clock


class Event(msgspec.Struct, frozen=True):
    """Something at a moment (seconds since the run began), in a lane; `value` is what a lane of numbers draws."""

    at: float
    lane: str
    text: str
    value: float | None = None
    seconds: float = 0.0
    bad: bool = False


class Outcome(msgspec.Struct, kw_only=True):
    """How one step, invariant or cleaning-up deed went. `expected`, `observed` and `changed` (seconds since the run
    began, when what was observed last changed) explain a failed expectation."""

    kind: Literal["given", "action", "expectation", "invariant", "finally"]
    title: str
    line: int = 0
    state: Literal["running", "held", "failed", "error", "skipped"] = "running"
    started: float = 0.0
    seconds: float = 0.0
    expected: str = ""
    observed: str = ""
    changed: float | None = None
    message: str = ""

    def explain(self) -> str:
        """Why it did not hold, for people."""
        if self.message:
            return self.message
        when = "" if self.changed is None else f"\nwhich it was since {self.changed:.2f} s into the run"
        return f"expected {self.expected}\nobserved {self.observed}{when}"


class Timeline:
    """Events of a run in the order they happened, and a pulse that wakes whoever waits for something to hold."""

    def __init__(self) -> None:
        self.began = clock.unix()
        self._zero = clock.precise()
        self.events: list[Event] = []
        self._pulse = asyncio.Event()

    def now(self) -> float:
        """Seconds since the run began."""
        return clock.precise() - self._zero

    def note(
        self, lane: str, text: str, value: float | None = None, *, seconds: float = 0.0, bad: bool = False
    ) -> None:
        """Record something that happens now (or began `seconds` ago)."""
        self.events.append(Event(self.now() - seconds, lane, text, value, seconds, bad))
        self.pulse()

    def pulse(self) -> None:
        """Something may have changed: look again."""
        self._pulse.set()
        self._pulse = asyncio.Event()

    async def moments(self, until: float | None, sample: float) -> AsyncIterator[float]:
        """Now, and after every pulse, and at least every `sample` seconds, until `until` (None: for ever): the
        moments at which something is looked at again. The last is at `until`."""
        while True:
            waiting, moment = self._pulse, self.now()
            yield moment
            if until is not None and moment >= until:
                return
            left = sample if until is None else min(sample, max(0.0, until - self.now()))
            try:
                async with asyncio.timeout(left):
                    await waiting.wait()
            except TimeoutError:
                pass

    def as_json(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = msgspec.to_builtins(self.events)
        return found
