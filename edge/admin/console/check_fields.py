"""How an upstream's endpoints are checked: the form's fields, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from edge.admin.console.forms import body, lines, optional
from edge.admin.views import UpstreamBody
from edge.model.health_check import HealthCheck

KINDS = (
    ("", "nobody: readiness is enough"),
    ("http", "each gateway server, by a GET request"),
    ("tcp", "each gateway server, by a connection"),
)
_FIELDS = tuple(field.name for field in msgspec.structs.fields(HealthCheck) if field.name != "type")
NAMES = ("check", *(f"check_{name}" for name in _FIELDS))


def read(given: Mapping[str, Any]) -> HealthCheck | None:
    """What the fields say; what is left empty takes its default."""
    kind = str(given.get("check") or "")
    if not kind:
        return None
    written: dict[str, Any] = {name: optional(given.get(f"check_{name}")) for name in _FIELDS}
    written["statuses"] = [part for line in lines(written["statuses"] or "") for part in line.replace(",", " ").split()]
    check = {name: value for name, value in written.items() if value is not None} | {"type": kind}
    return body(UpstreamBody, {"name": "-", "check": check}).check


def given(check: HealthCheck | None) -> dict[str, Any]:
    """What the form shows for it."""
    if check is None:
        return {}
    shown = {f"check_{name}": getattr(check, name) for name in _FIELDS}
    shown["check_statuses"] = " ".join(map(str, check.statuses))
    return {"check": check.type} | {name: str(value) for name, value in shown.items() if value is not None}
