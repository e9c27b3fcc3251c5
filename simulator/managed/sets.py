"""Sets of fields as FieldsV1 writes them: nested maps, ``f:name`` for a field, ``k:{…}`` for an element of a keyed
list, ``v:…`` for one of a set, ``.`` for the node itself when it also has children.

Internally a set is a tree: a node maps part → node, and has ``.`` when it is itself a member.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simulator.objects.resource import Resource
from simulator.schema import Field, Type, schema

Tree = dict[str, Any]
Parts = dict[str, tuple[Any, Field | None, Type | None]]
MEMBER = "."
UNTRACKED = frozenset(
    {
        "name", "namespace", "creationTimestamp", "generation", "uid", "resourceVersion", "selfLink",
        "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields",
    }
)  # fmt: skip
KEY_DEFAULTS = {"protocol": "TCP"}
ATOMIC_MAPS = frozenset({("core/v1.ServiceSpec", "selector"), ("core/v1.PodSpec", "nodeSelector")})


def type_of(resource: Resource) -> Type | None:
    """The type by which a resource's fields have managers; None: by their values alone."""
    if resource.custom is not None:
        return resource.custom.type
    return schema().find(resource.schema) if resource.schema else None


def tracked(obj: dict[str, Any]) -> dict[str, Any]:
    """The part of an object whose fields have managers."""
    rest = {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}
    metadata = rest.get("metadata")
    if isinstance(metadata, dict):
        rest["metadata"] = {key: value for key, value in metadata.items() if key not in UNTRACKED}
    return rest


def children(field: Field | None, type: Type | None, value: Any) -> Parts | None:
    """Part → (value, field, type) of a composite value; None when the value is a leaf."""
    if type is not None and isinstance(value, dict):
        if field is not None and type.atomic:
            return None
        return {f"f:{key}": _typed(type.by_name.get(key), one) for key, one in value.items()}
    if isinstance(value, dict):
        if field is not None and ((field.owner, field.name) in ATOMIC_MAPS or field.base in ("Raw", "RawExtension")):
            return None
        if field is None or field.shape == "map":
            return {f"f:{key}": (one, None, None) for key, one in value.items()}
        return None
    if isinstance(value, list) and field is not None:
        return _elements(field, value)
    return None


def _typed(field: Field | None, value: Any) -> tuple[Any, Field | None, Type | None]:
    if field is None or not field.is_struct or field.shape != "one":
        return value, field, None
    return value, field, field.inner or schema().find(field.base)


def _elements(field: Field, value: list[Any]) -> Parts | None:
    if field.keys and all(isinstance(one, dict) for one in value):
        type = field.inner or schema().find(field.base)
        single = field._replace(shape="one")
        return {key_part(field, one): (one, single, type) for one in value}
    if field.is_set:
        return {f"v:{json.dumps(one)}": (one, None, None) for one in value}
    return None


def key_part(field: Field, element: dict[str, Any]) -> str:
    defaults = field.key_defaults or KEY_DEFAULTS
    keys = {key: element.get(key, defaults.get(key, "")) for key in sorted(field.keys)}
    return "k:" + json.dumps(keys, separators=(",", ":"))


def whole(value: Any, field: Field | None, type: Type | None) -> Tree:
    """Every node of a value, itself included."""
    tree: Tree = {MEMBER: {}}
    for part, (one, inner, inner_type) in (children(field, type, value) or {}).items():
        tree[part] = whole(one, inner, inner_type)
    return tree


def applied(value: Any, field: Field | None, type: Type | None) -> Tree:
    """The nodes that a server-side apply owns: leaves, and elements of keyed lists."""
    parts = children(field, type, value)
    if not parts:
        return {MEMBER: {}}
    tree: Tree = {}
    for part, (one, inner, inner_type) in parts.items():
        tree[part] = applied(one, inner, inner_type)
        if part.startswith("k:"):
            tree[part][MEMBER] = {}
    return tree


def changed(old: Any, new: Any, field: Field | None, type: Type | None) -> Tree:
    """The nodes of ``new`` that ``old`` has not, or has with another value."""
    before, after = children(field, type, old), children(field, type, new)
    if after is None or before is None:
        if old is None and after is not None:
            tree = whole(new, field, type)
            tree.pop(MEMBER)
            return tree
        return {} if old == new else whole(new, field, type)
    tree = {}
    for part, (one, inner, inner_type) in after.items():
        difference = (
            changed(before[part][0], one, inner, inner_type) if part in before else whole(one, inner, inner_type)
        )
        if difference:
            tree[part] = difference
    return tree


def removed(old: Any, new: Any, field: Field | None, type: Type | None) -> Tree:
    """The nodes of ``old`` that ``new`` has not."""
    before, after = children(field, type, old), children(field, type, new)
    if not before:
        return {}
    tree: Tree = {}
    for part, (one, inner, inner_type) in before.items():
        if after is None or part not in after:
            tree[part] = whole(one, inner, inner_type)
            continue
        difference = removed(one, after[part][0], inner, inner_type)
        if difference:
            tree[part] = difference
    return tree


def union(left: Tree, right: Tree) -> Tree:
    merged = dict(left)
    for part, node in right.items():
        merged[part] = union(merged[part], node) if part in merged else node
    return merged


def minus(left: Tree, right: Tree) -> Tree:
    """``left`` without the members of ``right``; nodes that hold nothing any more go."""
    rest: Tree = {}
    for part, node in left.items():
        if part == MEMBER:
            if MEMBER not in right:
                rest[part] = node
            continue
        kept = minus(node, right[part]) if part in right else node
        if kept:
            rest[part] = kept
    return rest


def common(left: Tree, right: Tree) -> Tree:
    both: Tree = {}
    for part, node in left.items():
        if part not in right:
            continue
        if part == MEMBER:
            both[part] = node
            continue
        kept = common(node, right[part])
        if kept:
            both[part] = kept
    return both


def paths(tree: Tree, prefix: str = "") -> Iterator[str]:
    """Members in the words of conflict messages: ``.spec.containers[name="web"].image``."""
    if MEMBER in tree:
        yield prefix
    for part, node in tree.items():
        if part.startswith("f:"):
            yield from paths(node, f"{prefix}.{part[2:]}")
        elif part.startswith("k:"):
            keys = ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(part[2:]).items())
            yield from paths(node, f"{prefix}[{keys}]")
        elif part != MEMBER:
            yield from paths(node, f"{prefix}[{part[2:]}]")


def undeclared(value: Any, field: Field | None, type: Type | None, prefix: str = "") -> list[str]:
    """The paths of fields that a typed value should not have, as structured-merge-diff says them."""
    found: list[str] = []
    for part, (one, inner, inner_type) in (children(field, type, value) or {}).items():
        path = next(paths({part: {MEMBER: {}}}, prefix))
        if type is not None and isinstance(value, dict) and part[2:] not in type.by_name:
            found.append(path)
        else:
            found += undeclared(one, inner, inner_type, path)
    return found


def to_fields(tree: Tree) -> Tree:
    """As FieldsV1: a leaf is ``{}``, and ``.`` is written only beside children; parts sorted."""
    inner = {part: to_fields(node) for part, node in sorted(tree.items()) if part != MEMBER}
    if MEMBER in tree and inner:
        return {MEMBER: {}, **inner}
    return inner


def from_fields(fields: Any, top: bool = True) -> Tree:
    if not isinstance(fields, dict):
        return {}
    tree = {part: from_fields(node, False) for part, node in fields.items() if part != MEMBER}
    if MEMBER in fields or (not tree and not top):
        tree[MEMBER] = {}
    return tree
