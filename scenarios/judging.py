"""Whether an expectation came to hold, held on, or never held: looked at after every event, judged by its modifiers.

    (none)        must hold now
    within T      must hold at some moment of the next T
    for D         must hold at every moment of the next D
    within T, for D   must come to hold within T and then hold throughout D
    never, for D  must not hold at any moment of the next D

Something that cannot be seen (the Admin is down, the API server answers 503) does not hold and is looked at again;
what was in the way is what is reported as observed. `SAMPLE` bounds how long a change that sends no event (a gateway's
snapshot, an answer to a request) can stay unseen.
"""

from __future__ import annotations

import httpx

from edge.demo.processes import DemoError
from scenarios.errors import StepError
from scenarios.model import Modifiers
from scenarios.steps.base import Expectation, Seen
from scenarios.timeline import Outcome, Timeline
from scenarios.values import seconds
from scenarios.world import World

SAMPLE = 0.05


async def look(expectation: Expectation, world: World) -> Seen:
    """One look; an error is a look that does not hold."""
    try:
        return await expectation.look(world)
    except (StepError, DemoError, httpx.HTTPError, OSError) as error:
        return Seen(False, f"cannot be seen: {str(error) or type(error).__name__}")


class Judge:
    """Judges one expectation, and keeps what was seen last and since when."""

    def __init__(self, expectation: Expectation, world: World, outcome: Outcome) -> None:
        self._expectation, self._world, self._outcome = expectation, world, outcome
        self._timeline: Timeline = world.timeline
        outcome.expected = expectation.expected()

    async def judge(self, modifiers: Modifiers, since: float | None = None) -> bool:
        """Whether it holds as the modifiers ask; `within` counts from `since` (None: now)."""
        start = self._timeline.now() if since is None else since
        within = seconds(modifiers.within) if modifiers.within else 0.0
        lasts = seconds(modifiers.for_) if modifiers.for_ else 0.0
        if modifiers.never:
            return await self.throughout(self._timeline.now() + lasts, wanted=False)
        if (modifiers.within or not modifiers.for_) and not await self.comes(start + within):
            return False
        return not modifiers.for_ or await self.throughout(self._timeline.now() + lasts)

    async def comes(self, until: float | None) -> bool:
        """Whether it holds at some moment until `until`."""
        async for _ in self._timeline.moments(until, SAMPLE):
            if await self._look():
                return True
        return False

    async def throughout(self, until: float | None, wanted: bool = True) -> bool:
        """Whether it holds (or not, when not `wanted`) at every moment until `until`; for ever with None."""
        async for _ in self._timeline.moments(until, SAMPLE):
            if await self._look() is not wanted:
                return False
        return True

    async def _look(self) -> bool:
        seen = await look(self._expectation, self._world)
        if seen.observed != self._outcome.observed:
            self._outcome.observed = seen.observed
            self._outcome.changed = self._timeline.now()
        return seen.holds
