"""Structural schemas: values that do not fit, in kube-openapi's words."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.extensions.formats import right_format
from simulator.extensions.structural import default, prune, validate


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "integer"}, True, 'Invalid value: "boolean": x in body must be of type integer: "boolean"'),
        ({"type": "string"}, 1, 'Invalid value: "integer": x in body must be of type string: "integer"'),
        ({"type": "number", "maximum": 2}, 3, "Invalid value: 3: x in body should be less than or equal to 2"),
        (
            {"type": "number", "minimum": 2, "exclusiveMinimum": True},
            2,
            "Invalid value: 2: x in body should be greater than 2",
        ),
        ({"type": "integer", "multipleOf": 5}, 7, "Invalid value: 7: x in body should be a multiple of 5"),
        ({"type": "string", "maxLength": 2}, "abc", "Too long: may not be more than 2 bytes"),
        ({"type": "string", "minLength": 2}, "a", 'Invalid value: "a": x in body should be at least 2 chars long'),
        ({"type": "array", "maxItems": 1}, [1, 2], "Too many: 2: must have at most 1 items"),
        ({"type": "array", "minItems": 1}, [], "Invalid value: 0: x in body should have at least 1 items"),
        (
            {"type": "string", "format": "date-time"},
            "now",
            'Invalid value: "now": x in body must be of type date-time: "now"',
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            [],
            'Invalid value: "": "x" must validate at least one schema (anyOf)',
        ),
        (
            {"oneOf": [{"type": "integer"}, {"type": "number"}]},
            1,
            'Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
        ),
        ({"not": {"type": "string"}}, "a", 'Invalid value: "": "x" must not validate the schema (not)'),
        (
            {"x-kubernetes-int-or-string": True},
            1.5,
            'Invalid value: "number": x in body must be of type integer,string: "number"',
        ),
    ],
)
def test_a_value_that_does_not_fit(schema: dict[str, Any], value: Any, message: str) -> None:
    assert [(cause.field, cause.message) for cause in validate(schema, value, "x", root=False)] == [("x", message)]


def test_null_is_taken_where_it_may_be() -> None:
    assert validate({"type": "string", "nullable": True}, None, "x") == []
    assert len(validate({"type": "string"}, None, "x")) == 1


def test_pruning_names_what_it_drops_and_keeps_what_is_free() -> None:
    schema = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
            "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {}}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    value = {"list": [{"a": 1, "b": 2}], "map": {"k": {"a": 1, "c": 2}}, "free": {"z": 1}, "gone": 1, "metadata": {}}
    assert prune(schema, value) == ["list[0].b", "map.k.c", "gone"]
    assert value == {"list": [{"a": 1}], "map": {"k": {"a": 1}}, "free": {"z": 1}, "metadata": {}}


def test_defaults_fill_what_is_absent_inside_what_is_there() -> None:
    inner = {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}
    schema = {"type": "object", "properties": {"a": {**inner, "default": {}}, "b": inner, "l": {"items": inner}}}
    value: dict[str, Any] = {"l": [{}, {"n": None}]}
    default(schema, value)
    assert value == {"a": {"n": 1}, "l": [{"n": 1}, {"n": 1}]}


@pytest.mark.parametrize(
    ("name", "good", "wrong"),
    [
        ("date-time", "2026-11-22T10:00:00Z", "2026-11-22"), ("duration", "1h30m", "soon"), ("ipv4", "1.2.3.4", "::1"),
        ("ipv6", "::1", "1.2.3.4"), ("cidr", "10.0.0.0/8", "10.0.0.0/99"), ("byte", "YQ==", "a"),
        ("uuid", "81f9c1f6-6c0f-4459-b79b-17aeefba91fc", "x"), ("email", "a@b", "ab"), ("uri", "http://x", "x"),
    ],
)  # fmt: skip
def test_formats(name: str, good: str, wrong: str) -> None:
    assert right_format(name, good)
    assert not right_format(name, wrong)
