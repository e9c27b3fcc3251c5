"""Structural schemas: what a CustomResourceDefinition says its objects are.

Three passes over an object, in the order of a real API server (apiextensions-apiserver/pkg/apiserver/schema): *prune*
drops fields the schema does not know, *default* puts defaults where nothing is, *validate* says what is wrong in the
words of k8s.io/kube-openapi/pkg/validation. Rules in CEL (``x-kubernetes-validations``) are kept and not evaluated.

The root's kind, apiVersion and metadata belong to Kubernetes and are never touched; an embedded resource's neither.
"""

from __future__ import annotations

import copy
from typing import Any

from simulator.errors import Cause
from simulator.extensions.formats import right_format
from simulator.extensions.numbers import of_lengths, of_number, of_text
from simulator.objects.validation import bad, duplicate, quoted, required

Json = dict[str, Any]
OWN = ("apiVersion", "kind", "metadata")
PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
NAMES = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))


def prune(schema: Json, value: Any, path: str = "", *, root: bool = True) -> list[str]:
    """Drop what the schema does not know, in place; answers the paths that were dropped."""
    dropped: list[str] = []
    if isinstance(value, list):
        items = schema.get("items") or {}
        for index, element in enumerate(value):
            dropped += prune(items, element, f"{path}[{index}]", root=False)
        return dropped
    if not isinstance(value, dict):
        return dropped
    own = OWN if root or schema.get(EMBEDDED) else ()
    known, more = schema.get("properties") or {}, schema.get("additionalProperties")
    preserve = bool(schema.get(PRESERVE)) or more is True
    for key in list(value):
        place = f"{path}.{key}" if path else key
        if key in own:
            continue
        if key in known:
            dropped += prune(known[key], value[key], place, root=False)
        elif isinstance(more, dict):
            dropped += prune(more, value[key], place, root=False)
        elif not preserve:
            del value[key]
            dropped.append(place)
    return dropped


def default(schema: Json, value: Any) -> None:
    """Put defaults where a field is absent, or null and not nullable, in place."""
    if isinstance(value, list):
        for element in value:
            default(schema.get("items") or {}, element)
        return
    if not isinstance(value, dict):
        return
    known, more = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, inner in known.items():
        if "default" in inner and (key not in value or (value[key] is None and not inner.get("nullable"))):
            value[key] = copy.deepcopy(inner["default"])
        if key in value:
            default(inner, value[key])
    if isinstance(more, dict):
        for key, one in value.items():
            if key not in known:
                default(more, one)


def validate(schema: Json, value: Any, path: str = "", *, root: bool = True) -> list[Cause]:
    """What is wrong with a value, field by field."""
    if value is None and (schema.get("nullable") or not schema.get("type")):
        return []
    causes = _type_problems(schema, value, path)
    if causes:
        return causes
    if "enum" in schema and value not in schema["enum"]:
        listed = ", ".join(quoted(one) for one in schema["enum"])
        causes.append(
            Cause("FieldValueNotSupported", f"Unsupported value: {quoted(value)}: supported values: {listed}", path)
        )
    if isinstance(value, dict):
        causes += _object_problems(schema, value, path, root)
    elif isinstance(value, list):
        causes += _array_problems(schema, value, path)
    elif isinstance(value, str):
        causes += of_text(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        causes += of_number(schema, value, path)
    return causes + _combination_problems(schema, value, path)


def name_of_type(value: Any) -> str:
    return next((name for kind, name in NAMES if isinstance(value, kind)), "null")


def _type_problems(schema: Json, value: Any, path: str) -> list[Cause]:
    wanted = schema.get("type")
    if schema.get(INT_OR_STRING):
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return []
        return [_wrong_type(path, "integer,string", value)]
    if wanted in TYPES:
        fits = isinstance(value, TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
        if not fits and not (wanted == "integer" and isinstance(value, float) and value.is_integer()):
            return [_wrong_type(path, wanted, value)]
    form = schema.get("format")
    if form and isinstance(value, str) and not right_format(form, value):
        why = f"{path} in body must be of type {form}: {quoted(value)}"
        return [Cause("FieldValueTypeInvalid", f"Invalid value: {quoted(value)}: {why}", path)]
    return []


def _wrong_type(path: str, wanted: str, value: Any) -> Cause:
    given = name_of_type(value)
    message = f'Invalid value: "{given}": {path} in body must be of type {wanted}: "{given}"'
    return Cause("FieldValueTypeInvalid", message, path)


def _object_problems(schema: Json, value: Json, path: str, root: bool) -> list[Cause]:
    causes = of_lengths(schema, value, path, "Properties")
    inside = f"{path}." if path else ""
    causes += [required(f"{inside}{name}") for name in schema.get("required") or () if name not in value]
    own = OWN if root or schema.get(EMBEDDED) else ()
    known, more = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, one in value.items():
        if key in own:
            continue
        inner = known.get(key, more)
        if isinstance(inner, dict):
            causes += validate(inner, one, f"{inside}{key}", root=False)
    return causes


def _array_problems(schema: Json, value: list[Any], path: str) -> list[Cause]:
    causes = of_lengths(schema, value, path, "Items")
    items = schema.get("items")
    if isinstance(items, dict):
        for index, one in enumerate(value):
            causes += validate(items, one, f"{path}[{index}]", root=False)
    if schema.get("uniqueItems") and any(one in value[:index] for index, one in enumerate(value)):
        causes.append(bad(path, value, f"{path} in body shouldn't contain duplicates"))
    return causes + _set_problems(schema, value, path)


def _set_problems(schema: Json, value: list[Any], path: str) -> list[Cause]:
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or ()
    if kind not in ("set", "map"):
        return []
    fields = ((schema.get("items") or {}).get("properties")) or {}
    seen: list[Any] = []
    causes = []
    for index, one in enumerate(value):
        identity = one
        if kind == "map" and isinstance(one, dict):
            identity = {key: one.get(key, (fields.get(key) or {}).get("default")) for key in keys}
        if identity in seen:
            causes.append(duplicate(f"{path}[{index}]", identity))
        seen.append(identity)
    return causes


def _combination_problems(schema: Json, value: Any, path: str) -> list[Cause]:
    causes: list[Cause] = []
    shown = quoted(path)

    def valid(one: Json) -> bool:
        return not validate(one, value, path, root=False)

    for one in schema.get("allOf") or ():
        causes += validate(one, value, path, root=False)
    if schema.get("anyOf") and not any(valid(one) for one in schema["anyOf"]):
        causes.append(_combined(path, f"{shown} must validate at least one schema (anyOf)"))
    if schema.get("oneOf"):
        count = sum(valid(one) for one in schema["oneOf"])
        if count != 1:
            found = "Found none valid" if not count else f"Found {count} valid alternatives"
            causes.append(_combined(path, f"{shown} must validate one and only one schema (oneOf). {found}"))
    if schema.get("not") and valid(schema["not"]):
        causes.append(_combined(path, f"{shown} must not validate the schema (not)"))
    return causes


def _combined(path: str, why: str) -> Cause:
    return Cause("FieldValueInvalid", f'Invalid value: "": {why}', path)
