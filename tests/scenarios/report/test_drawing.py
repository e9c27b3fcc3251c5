from xml.etree import ElementTree

import pytest

from scenarios.report.drawing import LEAST, Axis, Lane, rows_of


def test_an_axis_has_at_most_ten_round_steps():
    assert Axis(2.1).ticks == [0, 0.5, 1.0, 1.5, 2.0]
    assert Axis(100).ticks == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert all(len(Axis(seconds).ticks) <= 11 for seconds in (0, 0.01, 3, 59, 61, 4000, 1e6))


def test_a_mark_is_always_seen_and_never_outside():
    axis = Axis(10)
    assert (axis.x(-1), axis.x(5), axis.x(11)) == (0, 50, 100)
    assert axis.width(5, 0) == LEAST
    assert axis.width(9, 5) == pytest.approx(10)


def test_a_lane_is_explained_under_the_pointer_and_read_out_as_text():
    lane = Lane(Axis(10), "steps & more", 20)
    lane.note = "two"
    lane.bar("action", 0, 5, 0, 16, "a <long> story", "a <long>")
    lane.bar("action", 6, 0.1, 0, 16, "a short one", "no room")
    row = ElementTree.fromstring(lane.html())
    svg = row.find("svg")
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "steps & more: two")
    assert [title.text for title in row.iter("title")] == ["a <long> story", "a short one"]
    assert [text.text for text in row.iter("text")] == ["a <long>"]


def test_what_happens_at_the_same_time_is_drawn_one_below_the_other():
    assert rows_of([(0, 2), (2, 1), (2.5, 1), (2.6, 1), (4, 1)]) == [0, 0, 1, 2, 0]
    assert rows_of([]) == []
