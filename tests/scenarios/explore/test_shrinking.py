from scenarios.explore.plan import Deed, Plan
from scenarios.explore.shrinking import shrink

DEEDS = tuple(Deed(float(5 + number), "scale", {"service": number % 2, "replicas": number}) for number in range(20))
PLAN = Plan("test", 3, (4, 2, 2), DEEDS)


def needs(*numbers):
    return lambda plan: all(DEEDS[number] in plan.deeds for number in numbers)


def test_only_the_deeds_that_matter_are_left_and_the_house_is_as_small_as_they_let_it():
    small = shrink(PLAN, needs(3, 14))
    assert small.deeds == (DEEDS[3], DEEDS[14])
    assert (small.gateways, small.replicas) == (1, (1, 1))


def test_what_fails_without_any_deed_has_none_left():
    assert shrink(PLAN, lambda plan: True).deeds == ()


def test_it_stops_after_so_many_runs_with_the_smallest_found():
    seen = []

    def fails(plan):
        seen.append(plan)
        return needs(3, 14)(plan)

    small = shrink(PLAN, fails, most=5)
    assert len(seen) == 5
    assert needs(3, 14)(small)
