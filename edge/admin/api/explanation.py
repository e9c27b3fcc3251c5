"""What is wrong with a body, said so that a person can mend it: the field's path, what was expected, what came.

msgspec says "Expected `int` >= 1 - at `$.servers[0].port`"; here that becomes the field `servers[0].port` and
"expected a whole number of at least 1, but got 0". What came is shown only where it cannot be a secret.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import inspect

from edge.admin.errors import Invalid

_PLACE = re.compile(r"^(?P<text>.*?)(?: - at `(?P<path>\$[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_MISSING = re.compile(r"^Object missing required field `(.+)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(.+)`$", re.DOTALL)
_BOUND = re.compile(r"^Expected `(\w+)`(?: of length)? (>=|<=|>|<) (\S+)$")
_KIND = re.compile(r"^Expected `([^`]+)`(?:, got `(\w+)`)?$")
_CHOICE = re.compile(r"^Invalid (?:enum )?value\b", re.DOTALL)

_KINDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_LIMITS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_UNITS = {"str": "characters", "array": "entries", "object": "entries"}


def explain(error: msgspec.ValidationError, value: Any, body: Any) -> Invalid:
    """The error to answer for `value` (undecided JSON), which is not a `body`."""
    match = _PLACE.match(str(error))
    text, path = (match["text"], match["path"] or "$") if match else (str(error), "$")
    steps = [name or int(index) for name, index in _STEP.findall(path)]
    if found := _MISSING.match(text):
        return Invalid("is required", _field([*steps, found[1]]))
    if found := _UNKNOWN.match(text):
        return Invalid(_unknown(found[1], _type_at(body, value, steps)), _field([*steps, _short(found[1])]))
    return Invalid(_expectation(text, body, value, steps), _field(steps) or None)


def _expectation(text: str, body: Any, value: Any, steps: list[str | int]) -> str:
    came = _look_up(value, steps)
    if found := _BOUND.match(text):
        kind, sign, number = found.groups()
        if kind in _UNITS:
            shown = f"{len(came)}" if isinstance(came, (str, list, dict)) else "others"
            return f"expected {_LIMITS[sign]} {number} {_UNITS[kind]}, but got {shown}"
        return f"expected {_KINDS.get(kind, kind)} of {_LIMITS[sign]} {number}, but got {_shown(came)}"
    if _CHOICE.match(text):
        return f"expected one of {_choices(body, value, steps)}, but got {_shown(came)}"
    if found := _KIND.match(text):
        kinds = " or ".join(_KINDS.get(kind.strip(), kind.strip()) for kind in found[1].split("|"))
        return f"expected {kinds}, but got {_kind_of(came)}"
    return _short(text)


def _unknown(name: str, expected: inspect.Type | None) -> str:
    if isinstance(expected, inspect.StructType):
        known = ", ".join(field.encode_name for field in expected.fields)
        return f"is not a field here; expected one of {known}"
    return "is not a field here"


def _choices(body: Any, value: Any, steps: list[str | int]) -> str:
    at = _members(_type_at(body, value, steps))
    choices = [str(choice) for member in at if isinstance(member, inspect.LiteralType) for choice in member.values]
    if not choices and steps:  # the tag of a union: the field is not one of any member's own
        around = _members(_type_at(body, value, steps[:-1], any_member=True))
        choices = [str(member.tag) for member in around if isinstance(member, inspect.StructType) and member.tag]
    return ", ".join(choices) or "the values that the API document names"


def _members(kind: inspect.Type | None) -> list[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        return _members(kind.type)
    if isinstance(kind, inspect.UnionType):
        return [member for part in kind.types for member in _members(part)]
    return [] if kind is None else [kind]


def _type_at(body: Any, value: Any, steps: list[str | int], any_member: bool = False) -> inspect.Type | None:
    """The declared type at `steps`; of a union, the member that fits what came (all of them with `any_member`)."""
    kind: inspect.Type | None = inspect.type_info(body)
    for number, step in enumerate(steps):
        kind = _step(_choose(kind, _look_up(value, steps[:number])), step)
    return kind if any_member else _choose(kind, _look_up(value, steps))


def _choose(kind: inspect.Type | None, came: Any) -> inspect.Type | None:
    for member in (members := _members(kind)):
        if isinstance(member, inspect.StructType) and isinstance(came, dict):
            if member.tag is None or came.get(member.tag_field) == member.tag:
                return member
        elif isinstance(member, (inspect.ListType, inspect.VarTupleType)) and isinstance(came, list):
            return member
    return members[0] if len(members) == 1 else kind


def _step(kind: inspect.Type | None, step: str | int) -> inspect.Type | None:
    if isinstance(kind, inspect.StructType):
        return next((field.type for field in kind.fields if field.encode_name == step), None)
    if isinstance(kind, (inspect.ListType, inspect.VarTupleType)):
        return kind.item_type
    return None


def _look_up(value: Any, steps: list[str | int]) -> Any:
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _field(steps: list[str | int]) -> str:
    """`actions[0].url`, as the fields of an error are written everywhere."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")


def _shown(came: Any) -> str:
    """A value that came where numbers or fixed words belong: never a place for secrets."""
    if isinstance(came, (bool, int, float, str)):
        return _short(msgspec.json.encode(came).decode())
    return _kind_of(came)


def _kind_of(came: Any) -> str:
    if isinstance(came, bool):
        return _KINDS["bool"]
    for kind, name in ((str, "str"), (int, "int"), (float, "float"), (list, "array"), (dict, "object")):
        if isinstance(came, kind):
            return _KINDS[name]
    return "null"


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
