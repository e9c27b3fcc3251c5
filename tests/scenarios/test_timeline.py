import asyncio

import pytest

from edge import virtual_time
from scenarios.timeline import Event, Outcome, Timeline


def test_events_are_at_the_moment_they_began():
    async def main():
        timeline = Timeline()
        await asyncio.sleep(2)
        timeline.note("steps", "wait", seconds=1.5)
        timeline.note("endpoints", "3", 3.0)
        return timeline.events

    began, now = virtual_time.run(main())
    assert began == Event(pytest.approx(0.5), "steps", "wait", None, 1.5)
    assert now == Event(pytest.approx(2.0), "endpoints", "3", 3.0)


def test_moments_are_now_after_every_pulse_at_least_every_sample_and_at_the_end():
    async def main():
        timeline = Timeline()
        asyncio.get_running_loop().call_later(0.25, timeline.pulse)
        return [moment async for moment in timeline.moments(0.5, 0.1)]

    assert virtual_time.run(main()) == pytest.approx([0, 0.1, 0.2, 0.25, 0.35, 0.45, 0.5])


def test_a_pulse_while_something_is_looked_at_is_not_lost():
    async def main():
        timeline, moments = Timeline(), []
        async for moment in timeline.moments(1.0, 10.0):
            moments.append(moment)
            if len(moments) == 1:
                timeline.pulse()  # it happens after the look began
        return moments

    assert virtual_time.run(main()) == pytest.approx([0, 0, 1.0])


def test_an_outcome_explains_itself():
    failed = Outcome(kind="expectation", title="t", expected="3", observed="1", changed=1.234)
    assert failed.explain() == "expected 3\nobserved 1\nwhich it was since 1.23 s into the run"
    assert Outcome(kind="expectation", title="t", expected="3", observed="").explain() == "expected 3\nobserved "
    assert Outcome(kind="action", title="t", message="no such process").explain() == "no such process"
