import asyncio
import random

import pytest

from edge import virtual_time
from scenarios.errors import StepError
from scenarios.judging import Judge
from scenarios.model import Modifiers
from scenarios.steps.base import Expectation, Seen
from scenarios.timeline import Outcome, Timeline


class Script(Expectation):
    """Holds from `from_` until `until`, in seconds of the run; is broken before `broken`."""

    from_: float = 0.0
    until: float = 1e9
    broken: float = -1.0

    async def look(self, world):
        now = world.timeline.now()
        if now < self.broken:
            raise StepError("the Admin is away")
        return Seen(self.from_ <= now < self.until, "there" if self.from_ <= now < self.until else "not there")


class World:
    def __init__(self):
        self.timeline = Timeline()
        self.random = random.Random(1)


def judged(script, before=0.0, **modifiers):
    async def main():
        world, outcome = World(), Outcome(kind="expectation", title="t")
        await asyncio.sleep(before)
        held = await Judge(script, world, outcome).judge(Modifiers(**modifiers))
        return held, world.timeline.now(), outcome

    return virtual_time.run(main())


def test_without_modifiers_it_must_hold_now():
    assert judged(Script())[:2] == (True, 0)
    assert judged(Script(from_=0.1))[:2] == (False, 0)


def test_within_it_comes_to_hold_and_the_wait_ends_at_once():
    held, took, _ = judged(Script(from_=1.0), within="2s")
    assert held
    assert took == pytest.approx(1.0, abs=0.06)


def test_within_ends_with_what_was_observed_and_when_it_last_changed():
    held, took, outcome = judged(Script(from_=0.5, until=0.9), before=0.2, within="200ms")
    assert (held, took) == (False, pytest.approx(0.4))
    assert (outcome.observed, outcome.changed) == ("not there", pytest.approx(0.2))
    assert "observed not there\nwhich it was since 0.20 s" in outcome.explain()


def test_for_asks_that_it_holds_throughout():
    assert judged(Script(), for_="30s")[:2] == (True, 30)
    held, took, _ = judged(Script(until=3.0), for_="30s")
    assert not held
    assert took == pytest.approx(3.0, abs=0.06)


def test_within_and_for_together_ask_that_it_comes_and_stays():
    assert judged(Script(from_=1.0), within="2s", for_="3s")[0]
    assert not judged(Script(from_=1.0, until=2.5), within="2s", for_="3s")[0]


def test_never_asks_that_it_does_not_hold_at_any_moment():
    assert judged(Script(from_=5.0), never=True, for_="4s")[0]
    assert not judged(Script(from_=3.0, until=3.1), never=True, for_="4s")[0]


def test_what_cannot_be_seen_does_not_hold_and_is_looked_at_again():
    assert judged(Script(broken=1.0), within="2s")[0]
    held, _, outcome = judged(Script(broken=3.0), within="2s")
    assert not held
    assert outcome.observed == "cannot be seen: the Admin is away"


def test_a_pulse_is_looked_at_without_waiting_for_the_next_sample():
    async def main():
        world, outcome = World(), Outcome(kind="expectation", title="t")
        script = Script(from_=0.01)
        asyncio.get_running_loop().call_later(0.011, world.timeline.pulse)
        assert await Judge(script, world, outcome).judge(Modifiers(within="2s"))
        return world.timeline.now()

    assert virtual_time.run(main()) == pytest.approx(0.011)
