"""Fields that a JSON body holds more than once: the last one counts, and field validation tells of the others.

Source: sigs.k8s.io/json, which Kubernetes decodes strictly with.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from simulator.api.negotiation import JSON


class _Repeated(dict[str, Any]):
    """An object with names that came again."""

    names: list[str]


def of_json(body: bytes, declared: str) -> list[str]:
    """The paths of repeated fields (``spec.replicas``, ``a[0].b``) in a body that was already read; else nothing."""
    if declared != JSON:
        return []
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
