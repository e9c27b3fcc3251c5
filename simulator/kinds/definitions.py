"""CustomResourceDefinitions and APIServices: defaults, validation, columns (apiextensions-apiserver/pkg/apis).

What a definition makes the API serve is in ``simulator/extensions``.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from simulator.errors import Cause
from simulator.kinds.cells import age, columns, name
from simulator.objects.resource import Cell, Column, Object
from simulator.objects.validation import LABEL_1035, SAYS_LABEL_1035, bad, duplicate, immutable, required, unsupported

if TYPE_CHECKING:
    from simulator.store.store import Store

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
APPROVAL = "api-approved.kubernetes.io"
SCOPES = ("Cluster", "Namespaced")
COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
PLAIN_PATH = re.compile(r"^(\.[A-Za-z0-9_-]+)+\Z")
SCALE_PATHS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("specReplicasPath", (".spec",), True),
    ("statusReplicasPath", (".status",), True),
    ("labelSelectorPath", (".status", ".spec"), False),
)
COLUMNS = (Column("Name", format="name"), Column("Created At", "date"))
API_SERVICE_COLUMNS = columns("Service", "Available", "Age")


def default_definition(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if not names.get("singular"):
        names["singular"] = (names.get("kind") or "").lower()
    if not names.get("listKind") and names.get("kind"):
        names["listKind"] = f"{names['kind']}List"
    if not spec.get("conversion"):
        spec["conversion"] = {"strategy": "None"}


def prepare_definition(store: Store, obj: Object, old: Object | None) -> None:
    """A new definition has no status yet; the storage version is remembered in every case."""
    if old is None:
        obj["status"] = {"conditions": [], "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": []}
    stored = obj.setdefault("status", {}).setdefault("storedVersions", [])
    for version in (obj.get("spec") or {}).get("versions") or ():
        if version.get("storage") and version.get("name") not in stored:
            stored.append(version.get("name", ""))


def validate_definition(obj: Object, old: Object | None) -> list[Cause]:
    spec = obj.get("spec") or {}
    names, group = spec.get("names") or {}, spec.get("group") or ""
    causes: list[Cause] = []
    if obj["metadata"].get("name") != f"{names.get('plural', '')}.{group}":
        causes.append(bad("metadata.name", obj["metadata"].get("name", ""), 'must be spec.names.plural+"."+spec.group'))
    if not group:
        causes.append(required("spec.group"))
    elif "." not in group:
        causes.append(bad("spec.group", group, "should be a domain with at least one dot"))
    if group.endswith((".k8s.io", ".kubernetes.io")) and not (obj["metadata"].get("annotations") or {}).get(APPROVAL):
        why = f'protected groups must have approval annotation "{APPROVAL}", see '
        why += "https://github.com/kubernetes/enhancements/pull/1111"
        causes.append(required(f"metadata.annotations[{APPROVAL}]", why))
    if not spec.get("scope"):
        causes.append(required("spec.scope"))
    elif spec["scope"] not in SCOPES:
        causes.append(unsupported("spec.scope", spec["scope"], SCOPES))
    causes += _name_problems(names) + _version_problems(spec)
    if old is not None:
        causes += _changes(spec, old.get("spec") or {}, old)
    return causes


def _name_problems(names: Object) -> list[Cause]:
    causes = []
    for key in ("plural", "singular", "kind", "listKind"):
        value, field = names.get(key) or "", f"spec.names.{key}"
        if not value:
            if key in ("plural", "kind"):
                causes.append(required(field))
        elif not LABEL_1035.match(value.lower()) or (key in ("plural", "singular") and value != value.lower()):
            causes.append(bad(field, value, SAYS_LABEL_1035))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        causes.append(bad("spec.names.listKind", names["listKind"], "kind and listKind may not be the same"))
    return causes


def _version_problems(spec: Object) -> list[Cause]:
    versions = spec.get("versions") or []
    causes: list[Cause] = []
    if not versions:
        causes.append(required("spec.versions"))
    seen: list[str] = []
    for index, version in enumerate(versions):
        field, title = f"spec.versions[{index}]", version.get("name") or ""
        if not LABEL_1035.match(title):
            causes.append(bad(f"{field}.name", title, SAYS_LABEL_1035))
        if title in seen:
            causes.append(duplicate(f"{field}.name", title))
        seen.append(title)
        causes += _schema_problems(version, field)
        scale = (version.get("subresources") or {}).get("scale")
        if scale is not None:
            causes += _scale_problems(scale, f"{field}.subresources.scale")
        for number, column in enumerate(version.get("additionalPrinterColumns") or ()):
            causes += _column_problems(column, f"{field}.additionalPrinterColumns[{number}]")
    if versions and sum(bool(version.get("storage")) for version in versions) != 1:
        why = "must have exactly one version marked as storage version"
        causes.append(bad("spec.versions", versions, why))
    return causes


def _schema_problems(version: Object, field: str) -> list[Cause]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is None:
        return [required(f"{field}.schema.openAPIV3Schema", "schemas are required")]
    place = f"{field}.schema.openAPIV3Schema"
    if not schema.get("type"):
        return [required(f"{place}.type", "must not be empty at the root")]
    if schema["type"] != "object":
        return [bad(f"{place}.type", schema["type"], "must be object at the root")]
    return _structural_problems(schema, place)


def _structural_problems(schema: Object, place: str) -> list[Cause]:
    """Every property and every item has a type: what makes a schema structural."""
    causes: list[Cause] = []
    inner = [(f"{place}.properties[{key}]", one) for key, one in (schema.get("properties") or {}).items()]
    if isinstance(schema.get("items"), dict):
        inner.append((f"{place}.items", schema["items"]))
    elif schema.get("type") == "array":
        causes.append(required(f"{place}.items", "must be specified"))
    if isinstance(schema.get("additionalProperties"), dict):
        inner.append((f"{place}.additionalProperties", schema["additionalProperties"]))
    free = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
    for field, one in inner:
        if not one.get("type") and not any(one.get(key) for key in free):
            causes.append(required(f"{field}.type", "must not be empty for specified object fields"))
        causes += _structural_problems(one, field)
    return causes + _pattern_problems(schema, place)


def _pattern_problems(schema: Object, place: str) -> list[Cause]:
    """Of the schema's own pattern, and of those in its combinations (schema/validation.go validateValueValidation)."""
    causes: list[Cause] = []
    pattern = schema.get("pattern")
    if pattern:
        from simulator.extensions.patterns import BadPattern, compiled

        try:
            compiled(pattern)
        except BadPattern as error:
            why = f"must be a valid regular expression, but isn't: {error}"
            causes.append(bad(f"{place}.pattern", pattern, why))
    for combined in ("allOf", "anyOf", "oneOf"):
        for index, one in enumerate(schema.get(combined) or ()):
            causes += _combined_problems(one, f"{place}.{combined}[{index}]")
    if schema.get("not"):
        causes += _combined_problems(schema["not"], f"{place}.not")
    return causes


def _combined_problems(schema: Object, place: str) -> list[Cause]:
    """A schema of a combination need not be structural, but its patterns must be right."""
    causes = _pattern_problems(schema, place)
    for key, one in (schema.get("properties") or {}).items():
        causes += _combined_problems(one, f"{place}.properties[{key}]")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            causes += _combined_problems(schema[key], f"{place}.{key}")
    return causes


def _scale_problems(scale: Object, field: str) -> list[Cause]:
    causes = []
    for key, places, needed in SCALE_PATHS:
        path = scale.get(key) or ""
        if not path:
            causes += [required(f"{field}.{key}")] if needed else []
        elif not PLAIN_PATH.match(path):
            causes.append(bad(f"{field}.{key}", path, f"should be a json path under {places[0]}"))
        elif not path.startswith(tuple(f"{place}." for place in places)):
            causes.append(bad(f"{field}.{key}", path, f"should be a json path under {' or '.join(places)}"))
    return causes


def _column_problems(column: Object, field: str) -> list[Cause]:
    causes = [required(f"{field}.{key}") for key in ("name", "type", "jsonPath") if not column.get(key)]
    if column.get("type") and column["type"] not in COLUMN_TYPES:
        causes.append(unsupported(f"{field}.type", column["type"], COLUMN_TYPES))
    path = column.get("jsonPath")
    if path and not path.startswith("."):
        causes.append(bad(f"{field}.jsonPath", path, "must be a simple json path starting with ."))
    return causes


def _changes(spec: Object, before: Object, old: Object) -> list[Cause]:
    causes = []
    conditions = (old.get("status") or {}).get("conditions") or ()
    if any(one.get("type") == "Established" and one.get("status") == "True" for one in conditions):
        names, named = spec.get("names") or {}, before.get("names") or {}
        pairs = [(f"spec.{key}", spec.get(key), before.get(key)) for key in ("scope", "group")]
        pairs += [(f"spec.names.{key}", names.get(key), named.get(key)) for key in ("plural", "kind")]
        causes += [immutable(path, now) for path, now, then in pairs if now != then]
    kept = [version.get("name") for version in spec.get("versions") or ()]
    for index, stored in enumerate((old.get("status") or {}).get("storedVersions") or ()):
        if stored not in kept:
            why = f'must appear in spec.versions: "{stored}"'
            causes.append(bad(f"status.storedVersions[{index}]", stored, why))
    return causes


def definition_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), obj["metadata"].get("creationTimestamp", "")]


def api_service_cells(obj: Object, now: datetime) -> list[Cell]:
    service = (obj.get("spec") or {}).get("service")
    shown = f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"
    available = "Unknown"
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Available":
            available = condition.get("status", "")
            if available != "True":
                available += f" ({condition.get('reason', '')})"
    return [name(obj), shown, available, age(obj, now)]
