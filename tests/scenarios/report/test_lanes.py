import pytest

from scenarios.report.lanes import numbers, per_interval
from scenarios.timeline import Event
from scenarios.traffic import Sample


def test_intervals_between_requests_are_empty_not_missing():
    pieces = per_interval([Sample(0.1, 0.01, "200"), Sample(2.1, 0.03, "closed")], 1.0)
    assert [(piece.at, piece.answers, piece.errors) for piece in pieces] == [(0, 1, 0), (1, 0, 0), (2, 1, 1)]
    assert pieces[2].p99 == pytest.approx(0.03)
    assert per_interval([], 1.0) == []


def test_lanes_of_numbers_are_those_that_ever_had_one_with_the_times_they_were_away():
    events = [Event(0, "a", "1", 1.0), Event(1, "b", "x"), Event(2, "a", "away"), Event(3, "a", "2", 2.0)]
    assert numbers(events) == {"a": [(0, 1.0), (2, None), (3, 2.0)]}
