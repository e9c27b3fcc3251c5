"""Strategic merge patch: a merge patch that knows which lists are keyed.

Directives (kubernetes/community, strategic-merge-patch.md): ``$patch: replace | delete | merge`` in a map or in a
list's element, ``$retainKeys``, ``$deleteFromPrimitiveList/<field>``, ``$setElementOrder/<field>``. The types say which
lists merge and by which key.
"""

from __future__ import annotations

import copy
from typing import Any

from simulator.errors import bad_request
from simulator.schema import Field, Type, schema

DELETE_FROM = "$deleteFromPrimitiveList/"
ORDER = "$setElementOrder/"


def apply(type: Type | None, document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """The patched object; without a type lists are replaced, as for an unknown kind."""
    if not isinstance(patch, dict):
        raise bad_request("cannot apply a strategic merge patch that is no object")
    merged: dict[str, Any] = _map(type, document, patch)
    return merged


def _map(type: Type | None, current: Any, patch: dict[str, Any]) -> dict[str, Any]:
    directive = patch.get("$patch")
    if directive == "replace":
        whole: dict[str, Any] = _clean({key: value for key, value in patch.items() if key != "$patch"})
        return whole
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"unknown patch type: {directive} in map: {formatted(patch)}")
    merged = dict(current) if isinstance(current, dict) else {}
    retained = patch.get("$retainKeys")
    if isinstance(retained, list):
        merged = {key: value for key, value in merged.items() if key in retained}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
            continue
        field = type.by_name.get(key) if type is not None else None
        merged[key] = _value(field, merged.get(key), value)
    _from_lists(type, merged, patch)
    return merged


def _value(field: Field | None, current: Any, patch: Any) -> Any:
    if isinstance(patch, dict):
        inner = schema().find(field.base) if field is not None and field.is_struct and field.shape == "one" else None
        return _map(inner, current, patch)
    if isinstance(patch, list):
        return _list(field, current, patch)
    return patch


def _list(field: Field | None, current: Any, patch: list[Any]) -> list[Any]:
    if any(isinstance(element, dict) and element.get("$patch") == "replace" for element in patch):
        return [_clean(e) for e in patch if not (isinstance(e, dict) and "$patch" in e)]
    if field is None or "merge" not in field.strategy or not isinstance(current, list):
        return [_clean(element) for element in patch if not _is_delete(element)]
    if not field.merge_key:
        return current + [element for element in patch if element not in current]
    return _keyed(field, list(current), patch)


def _keyed(field: Field, merged: list[Any], patch: list[Any]) -> list[Any]:
    key = field.merge_key
    inner = schema().find(field.base)
    for element in patch:
        if not isinstance(element, dict) or key not in element:
            raise bad_request(f"map: {formatted(element)} does not contain declared merge key: {key}")
        at = next((i for i, old in enumerate(merged) if isinstance(old, dict) and old.get(key) == element[key]), None)
        if _is_delete(element):
            if at is not None:
                del merged[at]
        elif at is None:
            merged.append(_map(inner, {}, element))
        else:
            merged[at] = _map(inner, merged[at], element)
    return merged


def _from_lists(type: Type | None, merged: dict[str, Any], patch: dict[str, Any]) -> None:
    """``$deleteFromPrimitiveList`` and ``$setElementOrder``, after the values themselves."""
    for key, value in patch.items():
        if not isinstance(value, list):
            continue
        if key.startswith(DELETE_FROM):
            name = key[len(DELETE_FROM) :]
            merged[name] = [element for element in merged.get(name) or () if element not in value]
        elif key.startswith(ORDER):
            name = key[len(ORDER) :]
            field = type.by_name.get(name) if type is not None else None
            if isinstance(merged.get(name), list):
                merged[name] = _ordered(merged[name], value, field.merge_key if field else "")


def _ordered(elements: list[Any], order: list[Any], key: str) -> list[Any]:
    """Listed elements in the listed order; the others keep their place before the next listed one."""
    wanted = [e.get(key) if isinstance(e, dict) else e for e in order]

    def identity(element: Any) -> Any:
        return element.get(key) if isinstance(element, dict) else element

    listed = sorted((e for e in elements if identity(e) in wanted), key=lambda e: wanted.index(identity(e)))
    free = iter(listed)
    return [next(free) if identity(element) in wanted else element for element in elements]


def _is_delete(element: Any) -> bool:
    return isinstance(element, dict) and element.get("$patch") == "delete"


def _clean(value: Any) -> Any:
    """Without directives and nulls, for values that are taken whole."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if not k.startswith("$") and v is not None}
    if isinstance(value, list):
        return [_clean(element) for element in value if not _is_delete(element)]
    return copy.copy(value)


def formatted(value: Any) -> str:
    """A value as Go's ``%v`` prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{formatted(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(formatted, value))}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
