from pathlib import Path

import pytest

from scenarios import marks
from scenarios.errors import FileError
from scenarios.repeating import MOST, expanded

PATH = Path("some.yaml")


def read(text):
    return expanded(marks.parse(text, PATH), PATH)


def test_items_come_as_often_as_asked_with_a_counter_that_is_a_number_where_it_stands_alone():
    found = read("list:\n- first\n- repeat: 2\n  items:\n  - {name: 'x-${n}', number: '${n}'}\n  - wait\n- last\n").data
    assert found == {
        "list": ["first", {"name": "x-1", "number": 1}, "wait", {"name": "x-2", "number": 2}, "wait", "last"]
    }


def test_repetitions_within_one_another_have_counters_of_their_own():
    text = "[{repeat: 2, as: a, items: [{repeat: 2, items: ['${a}${n}${other}']}]}]"
    assert read(text).data == ["11${other}", "12${other}", "21${other}", "22${other}"]


def test_every_item_knows_the_line_it_was_written_in():
    found = read("list:\n- repeat: 2\n  items:\n  - one\n  - {two: 2}\n- after\n")
    assert [found.line(("list", index)) for index in range(5)] == [4, 5, 4, 5, 6]
    assert found.line(("list", 3, "two")) == 5


def test_a_file_without_repetitions_stays_as_it_is():
    marked = marks.parse("list: [1, '${n}']", PATH)
    assert expanded(marked, PATH) is marked


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{repeat: two, items: [a]}]", "Expected `int`"),
        ("[{repeat: 0, items: [a]}]", "Expected `int` >= 1"),
        ("[{repeat: 2}]", "missing required field `items`"),
        ("[{repeat: 2, items: [a], times: 3}]", "unknown field `times`"),
        (f"[{{repeat: {MOST}, items: [a, b]}}]", "these are more"),
        ("[{repeat: 9999, items: [{repeat: 9999, items: [a]}]}]", "these are more"),
    ],
)
def test_what_cannot_be_repeated_is_said(text, message):
    with pytest.raises(FileError) as caught:
        read(text)
    [problem] = caught.value.problems
    assert problem.key.startswith("[0]")
    assert message in problem.message
