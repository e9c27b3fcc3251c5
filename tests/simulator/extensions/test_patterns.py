"""Patterns of schemas are Go's: linear in the text, refused with Go's words."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.extensions.patterns import BadPattern, compiled
from simulator.extensions.structural import validate
from tests.simulator.api.client import Api
from tests.simulator.extensions.widgets import DEFINITIONS, definition


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("+", "missing argument to repetition operator: `+`"),
        ("(?=a)b", "invalid or unsupported Perl syntax: `(?=`"),
        ("a{1,2000}", "invalid repeat count: `{1,2000}`"),
        ("x**", "invalid nested repetition operator: `**`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        ("(", "missing closing ): `(`"),
        ("[a", "missing closing ]: `[a`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        (r"\pL{1000}", "expression too large"),
    ],
)
def test_what_go_does_not_compile(pattern: str, why: str) -> None:
    with pytest.raises(BadPattern) as told:
        compiled(pattern)
    assert str(told.value).startswith(f"error parsing regexp: {why}")


def test_a_pattern_is_linear_in_the_text() -> None:
    """Python's own would need longer than the universe is old."""
    schema: dict[str, Any] = {"type": "string", "pattern": "^(a+)+$"}
    assert validate(schema, "a" * 5000, "x", root=False) == []
    [cause] = validate(schema, "a" * 5000 + "!", "x", root=False)
    assert cause.message.endswith("x in body should match '^(a+)+$'")


def test_a_pattern_ends_where_go_ends_it() -> None:
    assert compiled("^a$").search("a\n") is None
    assert compiled("^[[:alpha:]]+$").search("abc") is not None


async def test_a_definition_with_a_pattern_that_go_does_not_compile_is_refused() -> None:
    sent = definition()
    spec = {"type": "object", "properties": {"a": {"type": "string", "pattern": "+"}}, "anyOf": [{"pattern": "(?!a)"}]}
    sent["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = spec
    refused = (await Api().call("POST", DEFINITIONS, sent)).json()
    field = "spec.versions[0].schema.openAPIV3Schema.properties[spec]"
    assert (refused["code"], refused["reason"]) == (422, "Invalid")
    assert [(cause["field"], cause["message"]) for cause in refused["details"]["causes"]] == [
        (
            f"{field}.properties[a].pattern",
            'Invalid value: "+": must be a valid regular expression, but isn\'t: '
            "error parsing regexp: missing argument to repetition operator: `+`",
        ),
        (
            f"{field}.anyOf[0].pattern",
            'Invalid value: "(?!a)": must be a valid regular expression, but isn\'t: '
            "error parsing regexp: invalid or unsupported Perl syntax: `(?!`",
        ),
    ]
