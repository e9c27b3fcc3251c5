"""Label selectors: every form, and what is said of each that is none (apimachinery's labels/selector_test.go)."""

from __future__ import annotations

import pytest

from simulator.errors import ApiError
from simulator.objects.label_parser import parse

OPERATORS = "in, notin, =, ==, !=, gt, lt"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("", []),
        ("  ", []),
        ("x in (foo,,baz),y,z!=1", [
            ("x", "in", ("foo", "", "baz")), ("y", "exists", ()), ("z", "notin", ("1",))]),
        ("!x", [("x", "absent", ())]),
        ("x=,y==2", [("x", "in", ("",)), ("y", "in", ("2",))]),
        ("x in (,a)", [("x", "in", ("", "a"))]),
        ("x in (a, )", [("x", "in", ("a", ""))]),
        ("in in (in, notin)", [("in", "in", ("in", "notin"))]),
        ("a.example.com/b>1", [("a.example.com/b", "greater", ("1",))]),
    ],
)  # fmt: skip
def test_every_form_is_understood(text: str, parsed: list[object]) -> None:
    assert parse(text) == parsed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("app in web", "unable to parse requirement: found 'web' expected: '('"),
        ("x a", f"unable to parse requirement: found 'a', expected: {OPERATORS}"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("x=(", "unable to parse requirement: found '(', expected: identifier"),
        ("x=a b", "found 'b', expected: ',' or 'end of string'"),
        ("x,", "found '', expected: identifier after ','"),
        ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("x in ()", "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"),
        ("x>a", "for 'Gt', 'Lt' operators, the value must be an integer"),
        ("-x", 'key: Invalid value: "-x": name part must consist of'),
        ("x=-", 'values[0][x]: Invalid value: "-": a valid label must be an empty string'),
    ],
)
def test_what_is_none_is_refused_in_kubernetes_words(text: str, said: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(text)
    assert refused.value.code == 400
    assert said in refused.value.message
