"""Reads ``types.txt``; a type is parsed when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

from simulator.schema.lists import ATOMIC_TYPES, LIST_KEYS, SETS

SCALARS = frozenset(
    {
        "string", "int", "bool", "double", "bytes", "Time", "MicroTime", "Duration", "Quantity", "IntOrString",
        "any", "Raw", "RawExtension", "Items", "SchemaOrArray", "SchemaOrBool",
    }
)  # fmt: skip
ZERO = {"string": "", "int": 0, "bool": False, "double": 0.0, "Quantity": "0", "IntOrString": 0, "Duration": "0s"}


class Field(NamedTuple):
    """One field. ``base`` is the element's type; ``shape`` is ``one``, ``list`` or ``map`` (keys are strings)."""

    name: str
    number: int
    shape: str
    base: str
    omitempty: bool
    omitzero: bool
    pointer: bool
    inline: bool
    strategy: str
    """``merge``, ``retainKeys`` … of a strategic merge patch; empty: replace."""
    merge_key: str
    owner: str
    """The type that declares the field."""
    inner: Type | None = None
    """The type of a struct that no name of the schema stands for (custom resources)."""
    map_keys: tuple[str, ...] = ()
    key_defaults: Mapping[str, object] = MappingProxyType({})

    @property
    def is_struct(self) -> bool:
        return self.base not in SCALARS

    @property
    def always(self) -> bool:
        """Whether Go writes the field even when it is empty."""
        if self.omitzero:
            return False
        if not self.omitempty:
            return True
        return self.shape == "one" and not self.pointer and (self.is_struct or self.base in ("Time", "MicroTime"))

    @property
    def zero(self) -> object:
        return None if self.pointer or self.shape != "one" else ZERO.get(self.base)

    @property
    def keys(self) -> tuple[str, ...]:
        """What identifies an element of an associative list in server-side apply; none: the list is atomic."""
        if self.map_keys:
            return self.map_keys
        listed = LIST_KEYS.get((self.owner, self.name))
        if listed is not None:
            return listed
        return (self.merge_key,) if self.merge_key else ()

    @property
    def is_set(self) -> bool:
        return (self.owner, self.name) in SETS or (
            self.shape == "list" and "merge" in self.strategy and not self.merge_key and not self.is_struct
        )


class Type(NamedTuple):
    name: str
    fields: tuple[Field, ...]
    """With the inlined types' fields in their places: the fields as JSON shows them."""
    by_name: dict[str, Field]
    wire: dict[int, Field]
    """By protobuf number, with inlined types as messages of their own."""
    atomic: bool

    @property
    def title(self) -> str:
        return self.name.rpartition(".")[2]


class Schema:
    """Types by name (``core/v1.Pod``)."""

    def __init__(self, text: str) -> None:
        paragraphs = (block.partition("\n") for block in text.strip().split("\n\n"))
        self._text = {name: rest for name, _, rest in paragraphs}
        self._types: dict[str, Type] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._text

    def names(self) -> list[str]:
        return list(self._text)

    def get(self, name: str) -> Type:
        """A type; ``KeyError`` when there is none of this name."""
        found = self._types.get(name)
        if found is None:
            found = self._types[name] = self._parse(name)
        return found

    def find(self, name: str) -> Type | None:
        return self.get(name) if name in self._text else None

    def _parse(self, name: str) -> Type:
        declared = [_field(name, line) for line in self._text[name].splitlines() if line]
        fields: list[Field] = []
        for field in declared:
            fields.extend(self.get(field.base).fields if field.inline else (field,))
        wire = {field.number: field for field in declared if field.number}
        return Type(name, tuple(fields), {f.name: f for f in fields}, wire, name in ATOMIC_TYPES)


def _field(owner: str, line: str) -> Field:
    name, number, type, flags, *rest = line.split(" ")
    strategy, _, merge_key = rest[0].partition(":") if rest else ("", "", "")
    shape, base = "one", type
    if type.startswith("[]"):
        shape, base = "list", type[2:]
    elif type.startswith("map:"):
        shape, base = "map", type[4:]
    if base == "[]string":
        base = "Items"
    elif base not in SCALARS and "/" not in base:
        base = "any"
    return Field(
        name, int(number), shape, base, "o" in flags, "z" in flags, "p" in flags, "i" in flags,
        strategy, merge_key, owner,
    )  # fmt: skip


@cache
def schema() -> Schema:
    """Kubernetes' own types. Read once a process; never changed."""
    return Schema(resources.files("simulator.schema").joinpath("types.txt").read_text(encoding="utf-8"))
