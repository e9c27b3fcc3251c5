"""Where lines and areas go."""

import pytest

from edge.admin.console.charts import HEIGHT, WIDTH, duration, line, per_second, stacked, top


@pytest.mark.parametrize(
    ("highest", "end"), [(0, 1), (1, 1), (1.1, 2), (3, 3), (7, 8), (10, 10), (21, 30), (900, 1000), (2e6, 2e6)]
)
def test_an_axis_ends_at_a_round_number(highest, end):
    assert top(highest, 1) == end


def test_areas_stand_upon_each_other():
    first, nothing, second = stacked([[1, 1, 0], [0, 0, 0], [1, 3, 0]], 4)
    assert first == "M0.0,120.0 L360.0,120.0 L720.0,160.0 L720.0,160.0 L360.0,160.0 L0.0,160.0 Z"
    assert second == "M0.0,80.0 L360.0,0.0 L720.0,160.0 L720.0,160.0 L360.0,120.0 L0.0,120.0 Z"
    assert nothing == ""
    assert stacked([], 1) == stacked([[]], 1) == []


def test_a_line_has_gaps_and_dots():
    assert line([1, 2, None, 1, None, None], 2) == "M0.0,80.0 L144.0,0.0 M432.0,80.0 h.01"
    assert line([None, None], 1) == ""
    assert line([5], 1) == "M0.0,0.0 h.01", "never beyond the drawing"
    assert (WIDTH, HEIGHT) == (720, 160)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0/s"), (0.25, "0.25/s"), (12.345, "12.3/s"), (1234, "1.23k/s"), (2_500_000, "2.5M/s")]
)
def test_rates_are_written_short(value, text):
    assert per_second(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.00042, "0.42 ms"), (0.0123, "12.3 ms"), (0.1, "100 ms"), (1.5, "1.5 s")]
)
def test_latencies_are_written_short(value, text):
    assert duration(value) == text
