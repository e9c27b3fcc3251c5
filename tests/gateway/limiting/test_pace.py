import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.limiting.pace import LOOKS, Pace


def allowed(pace, key, *times):
    return [pace.allows(pace.take(key, time)) for time in times]


def test_a_burst_comes_at_once_and_then_one_in_each_interval():
    pace = Pace(interval=10.0, burst=3)
    assert allowed(pace, 1, 0, 0, 0, 0) == [True, True, True, False]
    assert allowed(pace, 1, 9.9, 10.0, 10.1, 20.0) == [False, True, False, True]


def test_who_is_refused_owes_no_more_than_before():
    pace = Pace(10.0, 1)
    assert allowed(pace, 1, 0, *([5] * 1000), 10) == [True, *([False] * 1000), True]


def test_keys_know_nothing_of_each_other():
    pace = Pace(10.0, 1)
    assert allowed(pace, 1, 0, 0) == [True, False]
    assert allowed(pace, 2, 0, 0) == [True, False]


def test_what_is_left_and_when_the_next_may_come():
    pace = Pace(10.0, 3)
    assert [pace.left(pace.take(1, 0)) for _ in range(3)] == [2, 1, 0]
    owed = pace.take(1, 4)
    assert (pace.left(owed), pace.until_next(owed)) == (0, 6)


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 5))
def test_it_lets_through_what_a_bucket_of_tokens_lets_through(pauses, burst):
    pace, tokens, last = Pace(1.0, burst), float(burst), 0.0
    for now in itertools.accumulate(pauses):
        tokens, last = min(burst, tokens + now - last), now
        owed = pace.take(7, now)
        if abs(tokens - 1) > 0.01:
            assert pace.allows(owed) == (tokens > 1)
        if pace.allows(owed):
            tokens -= 1


def test_keys_that_owe_nothing_are_forgotten_when_others_come():
    pace = Pace(1.0, 1)
    for key in range(100):
        pace.take(key, 0.0)
    for key in range(1000, 1100):
        pace.take(key, 2.0)
    assert repr(pace) == "<Pace 1 at once, 1 s apart, keys=100>"
    assert allowed(pace, 1050, 2.0) == [False]


def test_when_all_owe_something_the_one_that_owes_least_is_forgotten():
    pace = Pace(1.0, 10, keys=4)
    for key, times in ((1, 5), (2, 10), (3, 7), (4, 2)):
        for _ in range(times):
            pace.take(key, 0.0)
    pace.take(5, 0.0)
    assert pace.take(4, 0.0) == 0.0, "it owed 2 s, less than the others; then 5 does"
    assert [pace.take(key, 0.0) for key in (1, 2, 3)] == [5.0, 10.0, 7.0]


def test_a_flood_of_new_keys_forgives_no_debt_and_takes_bounded_room():
    pace = Pace(1.0, 50, keys=64)
    assert allowed(pace, 0, *([0.0] * 51)) == [*([True] * 50), False]
    for key in range(1, 10_000):
        pace.take(key, 0.0)
    assert allowed(pace, 0, 0.0) == [False]
    assert "keys=64" in repr(pace)


def test_a_new_key_puts_only_a_bounded_part_of_the_others_right():
    pace = Pace(1.0, 100, keys=200)
    for _, key in itertools.product(range(5), range(200)):
        pace.take(key, 0.0)
    pace.take(999, 0.0)
    assert sorted(pace.take(key, 0.0) for key in range(LOOKS)) == [5.0] * LOOKS
    assert pace.take(LOOKS, 0.0) == 0.0, "the first that was not looked at had seemed to owe least"
