"""Objects as Kubernetes writes them: its field order, its zero values, nothing it does not know.

A real API server decodes a body into Go structs and encodes those again. ``normalise`` does the same to a decoded JSON
object: unknown fields are dropped and named, empty ``omitempty`` fields go, fields that Go always writes come, and a
value of the wrong type is refused as Go's JSON decoder refuses it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from simulator.objects.resource import Object, Resource
from simulator.schema import scalars
from simulator.schema.types import Field, Schema, Type, schema

SMALLEST, LARGEST = -(1 << 63), (1 << 63) - 1
TEXTS: dict[str, Callable[[str], str]] = {
    "Time": scalars.time,
    "MicroTime": scalars.micro_time,
    "Duration": scalars.duration,
    "Quantity": scalars.quantity,
}
EMPTY: tuple[Any, ...] = ("", 0, False, [], {})


class WrongType(Exception):
    """A value that does not fit its field; the message is that of Go's decoder, without its prefix."""


def as_kubernetes_writes(resource: Resource, obj: Object) -> None:
    """Put an object's fields in Kubernetes' order and form, in place; without a type it stays as it is."""
    if not resource.schema:
        return
    head: Object = {key: obj.pop(key) for key in ("kind", "apiVersion") if key in obj}
    written = Normaliser().struct(schema().get(resource.schema), obj)
    obj.clear()
    obj.update(head)
    obj.update(written)


class Normaliser:
    """One pass over one object; ``unknown`` collects the paths of fields that the types do not have."""

    def __init__(self, known: Schema | None = None) -> None:
        self._schema = known or schema()
        self.unknown: list[str] = []

    def struct(self, type: Type, value: Any, path: str = "") -> dict[str, Any]:
        if not isinstance(value, dict):
            raise WrongType(_cannot(value, type.title, path or type.title, type.name.replace("/", ".")))
        out: dict[str, Any] = {}
        found = 0
        for field in type.fields:
            given = value.get(field.name)
            if given is None:
                found += field.name in value
                if field.always:
                    out[field.name] = self._zero(field)
                continue
            found += 1
            made = self._value(field, given, f"{path}.{field.name}" if path else field.name)
            if made in EMPTY and field.omitempty and not field.pointer and not field.always:
                continue
            out[field.name] = made
        if found < len(value):
            known = type.by_name
            self.unknown.extend(f"{path}.{key}" if path else key for key in value if key not in known)
        return out

    def _value(self, field: Field, value: Any, path: str) -> Any:
        if field.shape == "list":
            if not isinstance(value, list):
                raise WrongType(_cannot(value, _owner(field), path, f"[]{_go(field.base)}"))
            one = self._one
            return [one(field, element, f"{path}[{index}]") for index, element in enumerate(value)]
        if field.shape == "map":
            if not isinstance(value, dict):
                raise WrongType(_cannot(value, _owner(field), path, f"map[string]{_go(field.base)}"))
            # Go sorts the keys of a map.
            return {key: self._one(field, value[key], f"{path}.{key}") for key in sorted(value)}
        return self._one(field, value, path)

    def _one(self, field: Field, value: Any, path: str) -> Any:
        base = field.base
        if base == "string":
            if isinstance(value, str):
                return value
        elif base == "int":
            if isinstance(value, int) and not isinstance(value, bool) and SMALLEST <= value <= LARGEST:
                return value
            if isinstance(value, float) and value.is_integer() and SMALLEST <= value <= LARGEST:
                return int(value)
        elif field.is_struct:
            return self.struct(self._schema.get(base), {} if value is None else value, path)
        elif base == "bool":
            if isinstance(value, bool):
                return value
        elif base == "double":
            if isinstance(value, int | float) and not isinstance(value, bool):
                return value
        elif base == "IntOrString":
            if isinstance(value, int | str) and not isinstance(value, bool):
                return value
        elif base == "Quantity":
            if isinstance(value, int | float | str) and not isinstance(value, bool):
                return _text(base, str(value))
        elif base == "bytes":
            return _bytes(field, value, path)
        elif base == "Items":
            if isinstance(value, list) and all(element is None or isinstance(element, str) for element in value):
                return [element or "" for element in value]
        elif base in ("SchemaOrArray", "SchemaOrBool"):
            return self._schema_or(base, value, path)
        elif base in TEXTS:
            if isinstance(value, str):
                return _text(base, value)
        else:
            return value
        if value is None and field.shape != "one":
            return field.zero if base != "string" else ""
        raise WrongType(_cannot(value, _owner(field), path, _go(base)))

    def _schema_or(self, base: str, value: Any, path: str) -> Any:
        """A JSON schema where also a list of them, or a boolean, may stand (apiextensions JSONSchemaPropsOrBool …)."""
        type = self._schema.get("apiextensions/v1.JSONSchemaProps")
        if base == "SchemaOrBool" and isinstance(value, bool):
            return value
        if base == "SchemaOrArray" and isinstance(value, list):
            return [self.struct(type, one, f"{path}[{index}]") for index, one in enumerate(value)]
        return self.struct(type, value, path)

    def _zero(self, field: Field) -> Any:
        if field.shape == "one" and field.is_struct and not field.pointer:
            return self.struct(self._schema.get(field.base), {})
        return field.zero


def _bytes(field: Field, value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise WrongType(_cannot(value, _owner(field), path, "[]uint8"))
    try:
        base64.b64decode(value, validate=True)
        return value
    except (binascii.Error, ValueError):
        wrong = scalars.corrupt(value)
        if wrong is not None:
            raise WrongType(f"illegal base64 data at input byte {wrong}") from None
    return "".join(value.split())  # Go passes over line ends


def _text(base: str, value: str) -> str | None:
    if not value and base in ("Time", "MicroTime"):
        return None
    try:
        return TEXTS[base](value)
    except scalars.BadScalar as error:
        raise WrongType(str(error)) from None


def _owner(field: Field) -> str:
    return field.owner.rpartition(".")[2]


def _go(base: str) -> str:
    return {"int": "int32", "double": "float64", "Time": "v1.Time", "Items": "[]string"}.get(
        base, base.rpartition("/")[2]
    )


def _cannot(value: Any, owner: str, path: str, wanted: str) -> str:
    names = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
    given = names.get(type(value), "null")
    return f"json: cannot unmarshal {given} into Go struct field {owner}.{path} of type {wanted}"
