"""YAML as Go's decoder reads it, and what it must not cost."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.objects.documents import BadYaml, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("12:30", "12:30"),
        ("1e3", 1000),
        ("1.5", 1.5),
        ("0644", 420),
        ("0x1F", 31),
        ("1_000", 1000),
        ("08", 8),
        ("yes", True),
        ("'1'", "1"),
        ("=", "="),
        ("~", None),
        ("!!binary aGk=", "hi"),
        ("!!set {b, a}", {"a": None, "b": None}),
        ("!!timestamp 2026-01-01", "2026-01-01"),
        ("{2: a, true: b, 1.5: c}", {"2": "a", "true": "b", "1.5": "c"}),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
    ],
)
def test_a_value_is_what_go_makes_of_it(text: str, value: Any) -> None:
    assert [document.value for document in read(text)] == [value]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "^line 1: did not find expected node content$"),
        (".nan", "unsupported value: nan"),
        ("!!int x", "invalid literal"),
        ("!!timestamp x", "does not fit its tag"),
        ("{[a]: b}", "unhashable key"),
        ("{null: b}", "unsupported map key of type: null"),
        ("&a [*a]", "contains itself"),
        ("[" * 1_000_000, "exceeded max depth of 300"),
        ("- " * 2000, "exceeded max depth of 300"),
        ("\n".join(" " * i + "a:" for i in range(400)), "exceeded max depth of 300"),
        ("9" * 5000, "integer"),
        (b"a: \xff", "can't decode byte"),
    ],
)
def test_what_is_no_yaml_or_no_json_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadYaml, match=says):
        read(text)


def test_a_few_lines_of_aliases_do_not_become_gigabytes() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(BadYaml, match="document contains excessive aliasing"):
        read("\n".join(lines))


def test_keys_that_come_again_are_named_with_their_lines() -> None:
    text = "a: 1\nb: {c: 1, c: 2}\na:\n  d: 1\n  d: 2\n---\n1: a\n1: b\n"
    assert [document.repeated for document in read(text)] == [
        [
            'line 2: key "c" already set in map',
            'line 5: key "d" already set in map',
            'line 4: key "a" already set in map',
        ],
        ["line 8: key 1 already set in map"],
    ]
