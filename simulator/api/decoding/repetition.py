"""Fields that a JSON body holds more than once: the last one counts, and field validation tells of the others.

Source: sigs.k8s.io/json, which Kubernetes decodes strictly with, and apiserver's field_validation_test.go.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any


class _Repeated(dict[str, Any]):
    """An object with names that came again."""

    names: list[str]


def of_json(body: bytes) -> list[str]:
    """The paths of repeated fields (``spec.replicas``, ``a[0].b``) in a body that is known to be JSON."""
    found = False

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        found = True
        marked, counts = _Repeated(plain), Counter(name for name, _ in pairs)
        marked.names = [name for name, count in counts.items() if count > 1]
        return marked

    value = json.loads(body, object_pairs_hook=made)
    return _paths(value, "") if found else []


def _paths(value: Any, path: str) -> list[str]:
    out: list[str] = []
    if isinstance(value, list):
        for index, one in enumerate(value):
            out += _paths(one, f"{path}[{index}]")
    elif isinstance(value, dict):
        inside = f"{path}." if path else ""
        if isinstance(value, _Repeated):
            out += [inside + name for name in value.names]
        for name, one in value.items():
            out += _paths(one, inside + name)
    return out


def in_order(value: Any, *, by_name: bool = False, path: str = "") -> Iterator[str]:
    """The path of every field of an object, as its text has them, or ``by_name`` as in JSON made of YAML."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from in_order(one, by_name=by_name, path=f"{path}[{index}]")
    elif isinstance(value, dict):
        for name in sorted(value) if by_name else value:
            inside = f"{path}.{name}" if path else name
            yield inside
            yield from in_order(value[name], by_name=by_name, path=inside)
