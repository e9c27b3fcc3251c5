import pytest

from edge import clock
from edge.rules.expressions import PATTERN_LIMIT, Expression, PatternError


def test_any_of_several_patterns_may_match():
    expression = Expression(["^/a$", "b+"])
    assert expression.search("/a")
    assert expression.search("xbb")
    assert not expression.search("/aa")


def test_case_can_be_ignored():
    assert Expression(["^/ABC"], ignore_case=True).search("/abc")
    assert not Expression(["^/ABC"]).search("/abc")


def test_bytes_that_are_not_utf_8_can_be_searched():
    assert Expression(["b$"]).search("\udcffb")


@pytest.mark.parametrize(
    "pattern", ["(", "a)(b", "(?=a)", r"(a)\1", "(?:a{1000}){1000}", r"\pL{1000}", "a" * (PATTERN_LIMIT + 1), "\ud800"]
)
def test_what_re2_does_not_take_is_said_and_nothing_is_printed(pattern, capfd):
    for patterns in ([pattern], ["x", pattern]):
        with pytest.raises(PatternError) as caught:
            Expression(patterns)
        assert str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_pattern_that_is_exponential_for_others_is_not():
    started = clock.precise()
    assert not Expression(["^(a|a)*$|^(a+)+$"]).search("a" * 5000 + "b")
    assert clock.precise() - started < 1
