"""From a CustomResourceDefinition to the rows that the API serves for it, one for each served version."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from simulator.errors import Cause
from simulator.extensions import structural
from simulator.extensions.jsonpath import BadPath, JsonPath
from simulator.extensions.types import type_of
from simulator.kinds.cells import duration
from simulator.kinds.rows import SCALE, STATUS_VERBS, storage_hash
from simulator.objects.metadata import parse_timestamp
from simulator.objects.resource import Cell, Column, Custom, Object, Resource, ScalePaths, Subresource
from simulator.objects.validation import quoted
from simulator.store.store import Store

NAME = Column("Name", format="name")
AGE = Column("Age", "date")
VERSION = re.compile(r"^v(\d+)(?:(alpha|beta)(\d+))?\Z")


def rows_of(definition: Object) -> list[Resource]:
    """The rows of an established definition, the preferred version first."""
    spec = definition["spec"]
    served = [version for version in spec.get("versions") or () if version.get("served")]
    return [_row(definition, version) for version in sorted(served, key=lambda one: priority(one["name"]))]


def priority(version: str) -> tuple[int, int, int, str]:
    """Sorts versions as discovery does: v2, v1, v1beta2, v1beta1, v1alpha1, others (apimachinery/pkg/version)."""
    found = VERSION.match(version)
    if found is None:
        return (3, 0, 0, version)
    stage = {None: 0, "beta": 1, "alpha": 2}[found[2]]
    return (stage, -int(found[1]), -int(found[3] or 0), version)


def _row(definition: Object, version: Object) -> Resource:
    spec = definition["spec"]
    names, group, title = spec["names"], spec["group"], version["name"]
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    subresources = version.get("subresources") or {}
    listed = (SCALE,) if subresources.get("scale") is not None else ()
    if subresources.get("status") is not None:
        listed = (Subresource("status", names["kind"], STATUS_VERBS), *listed)
    columns = version.get("additionalPrinterColumns") or ()
    return Resource(
        group,
        title,
        names["kind"],
        names["plural"],
        names.get("singular") or names["kind"].lower(),
        spec.get("scope") == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=listed,
        columns=(NAME, *(_column(one) for one in columns)) if columns else (NAME, AGE),
        cells=_cells_of(columns),
        selectable={
            one["jsonPath"].lstrip("."): _selected(one["jsonPath"]) for one in version.get("selectableFields") or ()
        },
        generation=("*",),
        list_key=f"{names['plural']}.{group}",
        convert=lambda obj: obj,
        list_kind=names.get("listKind") or "",
        prepare=partial(_begin_status, schema) if subresources.get("status") is not None else None,
        validate=partial(_validate, schema),
        warning=_deprecation(group, title, names["kind"], version),
        storage_version_hash=storage_hash(group, title, names["kind"]),
        custom=Custom(schema, _scale(subresources.get("scale")), type_of(schema, f"{group}/{title}.{names['kind']}")),
    )


def _deprecation(group: str, title: str, kind: str, version: Object) -> str:
    if not version.get("deprecated"):
        return ""
    return version.get("deprecationWarning") or f"{group}/{title} {kind} is deprecated"


def _scale(scale: Object | None) -> ScalePaths | None:
    if scale is None:
        return None
    return ScalePaths(scale["specReplicasPath"], scale["statusReplicasPath"], scale.get("labelSelectorPath") or "")


def _begin_status(schema: Object, store: Store, obj: Object, old: Object | None) -> None:
    """What has a status of its own begins without one, or with the schema's default."""
    if old is None:
        obj.pop("status", None)
        structural.default(schema, obj)


def _validate(schema: Object, obj: Object, old: Object | None) -> list[Cause]:
    return structural.validate(schema, obj)


def _selected(path: str) -> Callable[[Object], str]:
    parsed = _parsed(path)

    def read(obj: Object) -> str:
        found = parsed.first(obj) if parsed is not None else None
        if isinstance(found, bool):
            return str(found).lower()
        return "" if found is None else str(found)

    return read


def _parsed(path: str) -> JsonPath | None:
    try:
        return JsonPath(path)
    except BadPath:
        return None


# columns (apiextensions-apiserver/pkg/registry/customresource/tableconvertor)


def _column(one: Object) -> Column:
    return Column(one["name"], one["type"], one.get("format", ""), one.get("priority") or 0, one.get("description", ""))


def _cells_of(columns: Any) -> Callable[[Object, datetime], list[Cell]]:
    parsed = [(_parsed(one["jsonPath"]), one["type"]) for one in columns]
    if not parsed:
        parsed = [(_parsed(".metadata.creationTimestamp"), "date")]

    def cells(obj: Object, now: datetime) -> list[Cell]:
        found: list[Cell] = [obj["metadata"]["name"]]
        for path, kind in parsed:
            value = path.first(obj) if path is not None else None
            found.append(_cell(kind, value, now))
        return found

    return cells


def _cell(kind: str, value: Any, now: datetime) -> Cell:
    if value is None:
        return None
    if kind == "date":
        return _age(value, now)
    if kind == "string":
        return value if isinstance(value, str) else _text(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if kind == "integer" else value  # type: ignore[return-value]  # a number is a cell too


def _age(value: Any, now: datetime) -> str:
    try:
        return duration((now - parse_timestamp(value)).total_seconds())
    except (ValueError, TypeError):
        return "<invalid>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else quoted(value)
