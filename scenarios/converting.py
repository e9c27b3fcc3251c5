"""From plain data to a typed part of a file, and what is wrong in words that people understand.

msgspec says "Expected `str` matching regex …" at a path in which a map's key is `[...]`. Here the key is found (the one
whose value alone still fails), and what was expected is said as the file's own words: a duration, a rate, one of these.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from scenarios.marks import Position
from scenarios.values import COMPARISON, DURATION, RATE

T = TypeVar("T")
_ANY_KEY = "..."
_WORDS = {
    DURATION: "a duration such as 300ms, 2s or 1m",
    RATE: "a rate such as 200/s or 30/m",
    COMPARISON: 'a comparison such as ">= 3"',
}


class Wrong(Exception):
    """What is wrong with a value: at `position` below it, in words."""

    def __init__(self, position: Position, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message


def convert(value: Any, kind: type[T]) -> T:
    """`value` as `kind`. Raises Wrong."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _wrong(value, kind, str(error)) from None


def nearest(word: str, known: list[str]) -> str:
    """Words for an error: the nearest right one, else all that there are."""
    found = difflib.get_close_matches(word.lower().replace("_", "-"), known, 1, 0.6) or difflib.get_close_matches(
        word.lower(), known, 1, 0.6
    )
    if found:
        return f"; did you mean {found[0]!r}?"
    return f"; there is {', '.join(known)}" if known else ""


def _wrong(value: Any, kind: type[Any], text: str) -> Wrong:
    message, _, where = text.partition(" - at `")
    position = _position(value, kind, text, list(_parts(where.rpartition("$")[2].rstrip("`"))))
    unknown = re.match(r"Object contains unknown field `(.*)`", message)
    if unknown:
        names = [field.encode_name for one in _kinds(kind, position) for field in _struct_fields(one)]
        return Wrong((*position, unknown[1]), f"there is no such key{nearest(unknown[1], names)}")
    if message.startswith("Object missing"):
        return Wrong(position, message[:1].lower() + message[1:])
    found: Any = value
    for part in position:
        found = found[part]
    kinds = _kinds(kind, position)
    words = list(dict.fromkeys(filter(None, map(_described, kinds))))
    if not words:
        return Wrong(position, message[:1].lower() + message[1:])
    choices = [str(one) for kind in kinds if isinstance(kind, inspect.LiteralType) for one in kind.values]
    hint = nearest(found, choices) if isinstance(found, str) and choices else ""
    return Wrong(position, f"expected {', or '.join(words)}, got {_shown(found)}{hint if 'did you' in hint else ''}")


def _position(value: Any, kind: type[Any], text: str, parts: list[str | int]) -> Position:
    """The parts with every map's key found: the one that still fails alike when the map has no other."""
    while _ANY_KEY in parts:
        place = parts.index(_ANY_KEY)
        holder = _get(value, parts[:place])
        for key in holder if isinstance(holder, dict) else ():
            smaller = _put(value, parts[:place], {key: holder[key]})
            try:
                msgspec.convert(smaller, kind)
            except msgspec.ValidationError as error:
                if str(error) == text:
                    parts[place], value = key, smaller
                    break
        else:
            return tuple(parts[:place])
    return tuple(parts)


def _get(value: Any, parts: list[str | int]) -> Any:
    for part in parts:
        value = value[part]
    return value


def _put(value: Any, parts: list[str | int], new: Any) -> Any:
    """A copy of `value` with `new` at the end of `parts`."""
    if not parts:
        return new
    copy = value.copy()
    copy[parts[0]] = _put(value[parts[0]], parts[1:], new)
    return copy


def _parts(path: str) -> Iterator[str | int]:
    """`.steps[3].scale[...]` → "steps", 3, "scale", "..."."""
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+|\.\.\.)\]", path):
        yield name or (_ANY_KEY if index == _ANY_KEY else int(index))


def _described(kind: inspect.Type) -> str:
    """What a type takes, as a person would say it; empty for null and for what is not known here."""
    if isinstance(kind, inspect.StrType):
        known = _WORDS.get(kind.pattern or "")
        return known or ("a text" + (f" that matches {kind.pattern}" if kind.pattern else ""))
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return ("a whole number" if isinstance(kind, inspect.IntType) else "a number") + _bounds(kind)
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(map(str, kind.values))
    if isinstance(kind, inspect.StructType):
        return "a map of " + ", ".join(field.encode_name for field in kind.fields)
    if isinstance(kind, inspect.ListType):
        return "a list" + (f" of at least {kind.min_length}" if kind.min_length else "")
    if isinstance(kind, inspect.DictType):
        return "a map"
    return "true or false" if isinstance(kind, inspect.BoolType) else ""


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    limits = (("at least", kind.ge), ("more than", kind.gt), ("at most", kind.le), ("less than", kind.lt))
    said = [f"{word} {limit:g}" for word, limit in limits if limit is not None]
    return f" of {' and '.join(said)}" if said else ""


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return ("a map" if isinstance(value, dict) else "a list") if value else "an empty one"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _kinds(kind: Any, position: Position) -> list[inspect.Type]:
    """The types of what may stand at a position below a type."""
    kinds = _alternatives([inspect.type_info(kind)])
    for part in position:
        kinds = _alternatives([inner for one in kinds for inner in _below(one, part)])
    return kinds


def _struct_fields(kind: inspect.Type) -> tuple[inspect.Field, ...]:
    return kind.fields if isinstance(kind, inspect.StructType) else ()


def _alternatives(kinds: list[inspect.Type]) -> list[inspect.Type]:
    flat: list[inspect.Type] = []
    for kind in kinds:
        if isinstance(kind, inspect.Metadata):
            flat += _alternatives([kind.type])
        elif isinstance(kind, inspect.UnionType):
            flat += _alternatives(list(kind.types))
        else:
            flat.append(kind)
    return flat


def _below(kind: inspect.Type, part: str | int) -> list[inspect.Type]:
    if isinstance(kind, inspect.StructType):
        return [field.type for field in kind.fields if field.encode_name == part]
    if isinstance(kind, inspect.ListType):
        return [kind.item_type]
    return [kind.value_type] if isinstance(kind, inspect.DictType) else []
