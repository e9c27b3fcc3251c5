"""A structural schema as a type of ``simulator/schema``, so that server-side apply knows its keyed lists and sets."""

from __future__ import annotations

from typing import Any

from simulator.schema import Field, Type, schema

Json = dict[str, Any]
SCALARS = {"string": "string", "integer": "int", "boolean": "bool", "number": "double"}
METADATA = "meta/v1.ObjectMeta"


def type_of(structural: Json, owner: str) -> Type:
    """The type of a whole custom resource; its metadata is Kubernetes' own."""
    made = _type(structural, owner)
    known = schema().get("core/v1.ConfigMap").by_name["metadata"]
    by_name = {**made.by_name, "metadata": known}
    return made._replace(by_name=by_name, fields=tuple(by_name.values()))


def _type(structural: Json, owner: str) -> Type:
    by_name = {name: _field(name, one, owner) for name, one in (structural.get("properties") or {}).items()}
    atomic = structural.get("x-kubernetes-map-type") == "atomic"
    return Type(owner, tuple(by_name.values()), by_name, {}, atomic)


def _field(name: str, one: Json, owner: str) -> Field:
    shape, element = "one", one
    if one.get("type") == "array":
        shape, element = "list", one.get("items") or {}
    elif one.get("type") == "object" and not one.get("properties"):
        shape, element = "map", one.get("additionalProperties") or {}
    inner: Type | None = None
    base = SCALARS.get(element.get("type", "") if isinstance(element, dict) else "", "any")
    if isinstance(element, dict) and element.get("properties"):
        inner = _type(element, f"{owner}.{name}")
        base = inner.name
    kind = one.get("x-kubernetes-list-type")
    keys = tuple(one.get("x-kubernetes-list-map-keys") or ()) if kind == "map" else ()
    parts = (element.get("properties") or {}) if isinstance(element, dict) else {}
    defaults = {key: part["default"] for key, part in parts.items() if "default" in part}
    strategy = "merge" if kind == "set" else ""
    return Field(
        name, 0, shape, base, True, False, False, False, strategy, "", owner, inner, keys, defaults
    )  # fmt: skip
