from pathlib import Path

import pytest

from scenarios import marks
from scenarios.errors import FileError

PATH = Path("some.yaml")


def test_every_key_and_item_has_its_line():
    marked = marks.parse("title: t\nsteps:\n- wait: 1s\n- scale:\n    replicas: 3\n", PATH)
    assert marked.data == {"title": "t", "steps": [{"wait": "1s"}, {"scale": {"replicas": 3}}]}
    assert marked.line(("steps", 1, "scale", "replicas")) == 5
    assert marked.line(("steps", 0)) == 3


def test_what_does_not_stand_in_the_file_has_the_line_of_what_is_around_it():
    assert marks.parse("title: t\nsteps:\n- wait: 1s\n", PATH).line(("steps", 0, "expect")) == 3


def test_a_key_given_twice_is_refused_with_both_lines():
    with pytest.raises(FileError, match=r"some\.yaml:3: title: is given twice, first in line 1"):
        marks.parse("title: a\nsteps: []\ntitle: b\n", PATH)


def test_on_and_yes_and_dates_are_words():
    marked = marks.parse("a: [on, yes, no, true, false, 2024-01-01]\n", PATH)
    assert marked.data == {"a": ["on", "yes", "no", True, False, "2024-01-01"]}


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\tx", "!!python/object:os.system {}", "a: *nothing"])
def test_what_is_no_yaml_is_refused_with_its_line(text):
    with pytest.raises(FileError, match=r"some\.yaml:1: not YAML"):
        marks.parse(text, PATH)


def test_a_file_that_contains_itself_is_refused():
    with pytest.raises(FileError, match="nested too deep"):
        marks.parse("&a [*a]\n", PATH)


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        marks.load(tmp_path / "absent.yaml")


def test_a_few_lines_of_aliases_do_not_fill_the_memory():
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True):
        text += f"{name}: &{name} [{', '.join(10 * ['*' + before])}]\n"
    with pytest.raises(FileError, match="expected at most 100,000 parts"):
        marks.parse(text, PATH)


def test_a_file_without_an_end_is_refused():
    with pytest.raises(FileError, match="expected at most 4,194,304 bytes"):
        marks.load(Path("/dev/zero"))


def test_what_is_no_text_is_said_with_its_line(tmp_path):
    path = tmp_path / "some.yaml"
    path.write_bytes(b"title: t\nsteps: \xe9\n")
    with pytest.raises(FileError, match=r"some\.yaml:2: expected text in UTF-8, got the byte 0xe9"):
        marks.load(path)


def test_keys_are_text():
    assert marks.parse("{503: 0, no: 1, ~: 2}\n", PATH).data == {"503": 0, "no": 1, "~": 2}


def test_a_position_is_written_as_people_write_it():
    assert marks.written(("steps", 3, "scale", "replicas")) == "steps[3].scale.replicas"
