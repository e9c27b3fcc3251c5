"""Deadlines on one timer."""

from __future__ import annotations

from typing import Any

from edge.gateway.http.timers import NEVER, DeadlineWheel
from tests.gateway.dialogue import FakeLoop


class Holder:
    def __init__(self, loop: FakeLoop) -> None:
        self.deadline = NEVER
        self.slot = 0
        self.loop = loop
        self.passed: list[float] = []

    def deadline_passed(self) -> None:
        self.passed.append(round(self.loop.time() - 1000.0, 3))


def wheel() -> tuple[FakeLoop, DeadlineWheel]:
    loop = FakeLoop()
    typed: Any = loop
    return loop, DeadlineWheel(typed)


def test_a_deadline_passes_once_and_not_before_its_time() -> None:
    loop, deadlines = wheel()
    holder = Holder(loop)
    deadlines.set(holder, loop.time() + 1.0)
    loop.advance(0.99)
    assert holder.passed == []
    loop.advance(5)
    assert len(holder.passed) == 1
    assert 1.0 <= holder.passed[0] <= 1.1
    assert len(deadlines) == 0
    assert loop.armed == 0


def test_a_deadline_that_moves_later_makes_no_timer() -> None:
    loop, deadlines = wheel()
    holder = Holder(loop)
    deadlines.set(holder, loop.time() + 1.0)
    made = loop.timers_made
    for _ in range(1000):
        deadlines.set(holder, loop.time() + 1.0 + 0.0001)
    assert loop.timers_made == made
    deadlines.set(holder, loop.time() + 3.0)
    loop.advance(2.9)
    assert holder.passed == []
    loop.advance(0.2)
    assert holder.passed == [3.0] or 3.0 <= holder.passed[0] <= 3.1


def test_a_deadline_that_moves_earlier_passes_earlier() -> None:
    loop, deadlines = wheel()
    holder = Holder(loop)
    deadlines.set(holder, loop.time() + 60.0)
    deadlines.set(holder, loop.time() + 1.0)
    loop.advance(1.2)
    assert len(holder.passed) == 1
    loop.advance(100)
    assert len(holder.passed) == 1


def test_a_deadline_taken_back_does_not_pass() -> None:
    loop, deadlines = wheel()
    holder = Holder(loop)
    deadlines.set(holder, loop.time() + 1.0)
    deadlines.set(holder, NEVER)
    loop.advance(2)
    assert holder.passed == []
    assert len(deadlines) == 0


def test_a_removed_holder_is_forgotten_at_once() -> None:
    loop, deadlines = wheel()
    holders = [Holder(loop) for _ in range(500)]
    for holder in holders:
        deadlines.set(holder, loop.time() + 7200)
    for holder in holders:
        deadlines.remove(holder)
    assert len(deadlines) == 0
    assert all(holder.slot == 0 for holder in holders)


def test_one_timer_serves_all_and_is_armed_for_the_next() -> None:
    loop, deadlines = wheel()
    holders = [Holder(loop) for _ in range(100)]
    for place, holder in enumerate(holders):
        deadlines.set(holder, loop.time() + 100 - place)
    assert loop.armed == 1
    loop.advance(50.2)
    assert [bool(holder.passed) for holder in holders] == [place >= 50 for place in range(100)]
    assert loop.armed == 1


def test_a_holder_may_end_another_whose_deadline_passes_with_it() -> None:
    loop, deadlines = wheel()
    second = Holder(loop)

    class Ending(Holder):
        def deadline_passed(self) -> None:
            super().deadline_passed()
            deadlines.remove(second)

    first = Ending(loop)
    deadlines.set(first, loop.time() + 1)
    deadlines.set(second, loop.time() + 1)
    loop.advance(2)
    assert first.passed
    assert second.passed == []


def test_a_holder_may_set_itself_a_new_deadline() -> None:
    loop, deadlines = wheel()

    class Again(Holder):
        def deadline_passed(self) -> None:
            super().deadline_passed()
            deadlines.set(self, self.loop.time() + 1)

    holder = Again(loop)
    deadlines.set(holder, loop.time() + 1)
    loop.advance(5.5)
    assert len(holder.passed) in (4, 5)
