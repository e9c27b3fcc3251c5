import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.checking.verdict import Standing, after
from edge.model.health_check import HealthCheck

CHECK = HealthCheck(rise=2, fall=3)


def told(results, check=CHECK):
    standing, said = Standing(), ""
    for result in results:
        standing = after(standing, result == "+", check)
        said += "h" if standing.healthy else "u"
    return said


@pytest.mark.parametrize(
    ("results", "held"),
    [
        ("+++", "hhh"),
        ("---", "hhu"),
        ("--+--", "hhhhh"),
        ("--+---", "hhhhhu"),
        ("---++", "hhuuh"),
        ("---+-++", "hhuuuuh"),
        ("------++---", "hhuuuuuhhhu"),
    ],
)
def test_as_many_in_a_row_as_the_check_says_turn_it(results, held):
    assert told(results) == held


@given(st.text("+-", max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_it_turns_only_after_that_many_of_the_other_kind_in_a_row(results, rise, fall):
    held = "h" + told(results, HealthCheck(rise=rise, fall=fall))
    for place, (before, now) in enumerate(itertools.pairwise(held), 1):
        if before != now:
            wanted = "-" * fall if now == "u" else "+" * rise
            assert results[:place].endswith(wanted)
