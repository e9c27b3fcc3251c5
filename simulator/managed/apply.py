"""Server-side apply: the caller says what it wants of an object; what it wanted before and does not any more goes.

Source: kubernetes-sigs/structured-merge-diff, merge/update.go; the words of conflicts: apimachinery's managedfields.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulator.errors import ApiError
from simulator.managed import sets
from simulator.managed.managers import Manager, entry_of, in_order, is_of
from simulator.managed.sets import MEMBER, Tree
from simulator.objects.resource import Object, Resource
from simulator.schema import Field, Type


def apply(
    resource: Resource, live: Object | None, wanted: Object, manager: Manager, force: bool, now: datetime
) -> Object:
    """The object after the apply, with its managed fields. Raises ``ApiError`` (409) for conflicts."""
    type = sets.type_of(resource)
    config = sets.tracked(wanted)
    if not config.get("metadata"):
        config.pop("metadata", None)
    taken = sets.applied(config, None, type)
    taken.pop(MEMBER, None)
    if live is None:
        made = {**wanted, "metadata": {k: v for k, v in wanted["metadata"].items() if k != "managedFields"}}
        made["metadata"]["managedFields"] = [entry_of(resource, manager, taken, now)]
        return made
    entries = [entry for entry in live["metadata"].get("managedFields") or () if entry.get("manager")]
    if not entries:  # skipNonAppliedManager: what nobody is known to own was somebody's before
        owned = sets.changed({"metadata": {}}, sets.tracked(live), None, type)
        owned.pop(MEMBER, None)
        owned.pop("f:status", None)
        entries = [entry_of(resource, Manager("before-first-apply"), owned, now)]
    merged = _merge(sets.tracked(live), config, None, type)
    different = sets.changed(sets.tracked(live), merged, None, type)
    _check_conflicts(entries, manager, resource, sets.common(different, taken), force)
    own = next((entry for entry in entries if is_of(entry, manager, resource)), None)
    before = sets.from_fields(own.get("fieldsV1")) if own else {}
    others = [entry for entry in entries if entry is not own]
    dropped = sets.minus(before, taken)
    for entry in others:
        dropped = sets.minus(dropped, sets.from_fields(entry.get("fieldsV1")))
    merged = _without(merged, dropped, None, type)
    result = {**live, **merged}
    for key in live:
        if key not in merged and key not in ("kind", "apiVersion", "metadata"):
            result.pop(key)
    result["metadata"] = {**_untracked(live["metadata"]), **merged.get("metadata", {})}
    if wanted["metadata"].get("resourceVersion"):
        result["metadata"]["resourceVersion"] = wanted["metadata"]["resourceVersion"]
    result["metadata"]["managedFields"] = _entries(resource, others, own, manager, taken, different, now)
    return result


def _entries(
    resource: Resource, others: list[Object], own: Object | None, manager: Manager, taken: Tree, different: Tree,
    now: datetime,
) -> list[Object]:  # fmt: skip
    lost = sets.common(different, taken)
    kept: list[Object] = []
    for entry in others:
        fields = sets.from_fields(entry.get("fieldsV1"))
        rest = sets.minus(fields, lost)
        if rest:
            kept.append({**entry, "fieldsV1": sets.to_fields(rest)})
    entry = entry_of(resource, manager, taken, now)
    if own is not None and own.get("fieldsV1") == entry["fieldsV1"]:
        entry = own
    return in_order([*kept, entry])


def _untracked(metadata: Object) -> Object:
    return {key: value for key, value in metadata.items() if key in sets.UNTRACKED}


def _check_conflicts(entries: list[Object], manager: Manager, resource: Resource, different: Tree, force: bool) -> None:
    if force or not different:
        return
    causes = []
    for entry in entries:
        if is_of(entry, manager, resource):
            continue
        inside = f' with subresource "{entry["subresource"]}"' if entry.get("subresource") else ""
        for path in sets.paths(sets.common(different, sets.from_fields(entry.get("fieldsV1")))):
            using = "" if entry.get("operation") == "Apply" else f" using {entry.get('apiVersion')}"
            message = f'conflict with "{entry["manager"]}"{inside}{using}'
            causes.append({"reason": "FieldManagerConflict", "message": message, "field": path})
    if not causes:
        return
    count = len(causes)
    if count == 1:
        said = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        by_manager: dict[str, list[str]] = {}
        for cause in causes:
            by_manager.setdefault(cause["message"].replace("conflict with", "conflicts with"), []).append(
                cause["field"]
            )
        lines = [f"{who}:\n" + "\n".join(f"- {path}" for path in listed) for who, listed in by_manager.items()]
        said = f"Apply failed with {count} conflicts: " + "\n".join(lines)
    raise ApiError(409, "Conflict", said, {"causes": causes})


def _merge(live: Any, config: Any, field: Field | None, type: Type | None) -> Any:
    """The live value with the configured one laid over it: maps and keyed lists merge, everything else is replaced."""
    before, wanted = sets.children(field, type, live), sets.children(field, type, config)
    if before is None or wanted is None:
        return config
    if isinstance(config, list):
        return _merge_list(live, config, field, before, wanted)
    merged = dict(live)
    for part, (value, inner, inner_type) in wanted.items():
        key = part[2:]
        merged[key] = _merge(live[key], value, inner, inner_type) if key in live else value
    return merged


def _merge_list(
    live: list[Any], config: list[Any], field: Field | None, before: dict[str, Any], wanted: dict[str, Any]
) -> list[Any]:
    out = []
    for part, (value, inner, inner_type) in wanted.items():
        out.append(_merge(before[part][0], value, inner, inner_type) if part in before else value)
    return out + [one for part, (one, _, _) in before.items() if part not in wanted]


def _without(value: Any, dropped: Tree, field: Field | None, type: Type | None) -> Any:
    """A value without the members of ``dropped``; containers that this empties go with their last content."""
    parts = sets.children(field, type, value)
    if not parts or not dropped:
        return value
    kept: list[tuple[str, Any]] = []
    for part, (one, inner, inner_type) in parts.items():
        node = dropped.get(part)
        if node is None:
            kept.append((part, one))
            continue
        if MEMBER in node and not sets.children(inner, inner_type, one):
            continue
        rest = _without(one, node, inner, inner_type)
        if MEMBER in node and rest in ({}, []):
            continue
        if part.startswith("k:") and MEMBER in node and isinstance(rest, dict) and inner is not None:
            continue
        kept.append((part, rest))
    if isinstance(value, list):
        return [one for _, one in kept]
    return {part[2:]: one for part, one in kept}
