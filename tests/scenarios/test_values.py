import pytest

from scenarios.values import compares, per_second, seconds


@pytest.mark.parametrize(("text", "expected"), [("300ms", 0.3), ("2s", 2.0), ("1.5m", 90.0), ("1h", 3600.0)])
def test_a_duration_is_a_number_and_its_unit(text, expected):
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "2", "2 s", "-1s", "2sec", "s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="expected a duration"):
        seconds(text)


def test_a_rate_is_per_second_or_per_minute():
    assert per_second("200/s") == 200.0
    assert per_second("30/m") == 0.5
    with pytest.raises(ValueError, match="expected a rate"):
        per_second("200")


@pytest.mark.parametrize(
    ("wanted", "seen", "holds"),
    [
        (3, 3, True),
        (3, 4, False),
        (">= 3", 3, True),
        ("< 3", 3, False),
        ("!= 0", 1, True),
        ("< 250ms", 0.2, True),
        ("< 250ms", 0.3, False),
        (">= 20%", 0.25, True),
    ],
)
def test_a_comparison_knows_durations_and_shares(wanted, seen, holds):
    assert compares(wanted, seen) is holds


def test_a_comparison_that_is_none_is_refused():
    with pytest.raises(ValueError, match="a comparison such as"):
        compares("about 3", 3)
