"""Follows CustomResourceDefinitions and keeps the resource table: names accepted, established, served, ended.

A real API server does this in controllers of its own (apiextensions-apiserver/pkg/controller: status, establish,
finalizer). Here it happens with the write itself: the conditions are the definition's next versions, and whoever
sees Established may use the kind at once.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.clock import timestamp
from simulator.errors import ApiError
from simulator.extensions.registration import register
from simulator.extensions.rows import rows_of
from simulator.kinds.definitions import APPROVAL, CLEANUP
from simulator.kinds.table import RESOURCES, Table
from simulator.objects.record import Event
from simulator.objects.resource import Object, Resource
from simulator.store.store import Store

DEFINITIONS = RESOURCES.of("apiextensions.k8s.io/v1", "CustomResourceDefinition")


class Extensions:
    """``changed`` is given each new table."""

    def __init__(self, store: Store, changed: Callable[[Table], None]) -> None:
        self._store = store
        self._changed = changed
        self._rows: dict[str, list[Resource]] = {}
        self.end = store.subscribe(self._event)
        """Follow the store no longer."""

    def reread(self) -> None:
        """The store was emptied, or put back to an earlier revision: serve what it defines now."""
        had = self._rows
        self._rows = {
            definition["metadata"]["name"]: rows_of(definition)
            for definition in self._store.list(DEFINITIONS)
            if _is(definition.get("status") or {}, "Established")
        }
        if had or self._rows:
            self._publish()

    def _event(self, event: Event) -> None:
        if event.resource is DEFINITIONS:
            if event.type == "DELETED":
                self._serve(event.name, [])
            else:
                self._sync(event.name)
        elif event.resource.custom is not None and event.type == "DELETED":
            definition = self._store.get(DEFINITIONS, None, event.resource.key)
            if definition is not None and definition["metadata"].get("deletionTimestamp"):
                self._end(definition)

    def _sync(self, name: str) -> None:
        definition = self._store.get(DEFINITIONS, None, name)
        if definition is None:
            return
        if definition["metadata"].get("deletionTimestamp"):
            self._end(definition)
            return
        status = self._status(definition)
        if status != definition.get("status"):
            definition["status"] = status
            self._store.update(DEFINITIONS, definition, subresource="status")
        if _is(status, "Established"):
            self._serve(name, rows_of(definition))

    def _serve(self, name: str, rows: list[Resource]) -> None:
        if rows:
            self._rows[name] = rows
        elif self._rows.pop(name, None) is None:
            return
        register(self._store, self._publish())

    def _publish(self) -> Table:
        table = RESOURCES.extended(row for name in sorted(self._rows) for row in self._rows[name])
        self._changed(table)
        return table

    # names

    def _status(self, definition: Object) -> Object:
        names = definition["spec"]["names"]
        before = definition.get("status") or {}
        conflict = self._conflict(definition)
        now = timestamp(self._store.clock.now())
        conditions = list(before.get("conditions") or ())
        if conflict:
            accepted = before.get("acceptedNames") or {"plural": "", "kind": ""}
            _set(conditions, "NamesAccepted", "False", conflict[0], conflict[1], now)
            if not _is(before, "Established"):
                _set(conditions, "Established", "False", "NotAccepted", "not all names are accepted", now)
        else:
            accepted = names
            _set(conditions, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now)
            if not _is(before, "Established"):
                said = "the initial names have been accepted"
                _set(conditions, "Established", "True", "InitialNamesAccepted", said, now)
        approved = (definition["metadata"].get("annotations") or {}).get(APPROVAL)
        if approved and definition["spec"]["group"].endswith((".k8s.io", ".kubernetes.io")):
            kind = "KubernetesAPIApprovalPolicyConformant"
            _set(conditions, kind, "True", "ApprovedAnnotation", f"approved in {approved}", now)
        return {**before, "conditions": conditions, "acceptedNames": accepted}

    def _conflict(self, definition: Object) -> tuple[str, str] | None:
        """The reason and message of the first name that another resource of the group has."""
        spec, names = definition["spec"], definition["spec"]["names"]
        others = [
            row
            for row in (*RESOURCES.rows, *(row for rows in self._rows.values() for row in rows))
            if row.group == spec["group"] and row.key != definition["metadata"]["name"]
        ]
        resources = {name for row in others for name in (row.plural, row.singular, *row.short_names)}
        kinds = {name for row in others for name in (row.kind, row.list_kind or f"{row.kind}List")}
        asked = [("Plural", names["plural"], resources), ("Singular", names.get("singular", ""), resources)]
        asked += [("ShortNames", short, resources) for short in names.get("shortNames") or ()]
        asked += [("Kind", names["kind"], kinds), ("ListKind", names.get("listKind", ""), kinds)]
        for what, name, taken in asked:
            if name in taken:
                return f"{what}Conflict", f'"{name}" is already in use'
        return None

    # the end

    def _end(self, definition: Object) -> None:
        """Delete what is left of the kind's objects; when nothing is, let the definition go."""
        metadata = definition["metadata"]
        if CLEANUP not in (metadata.get("finalizers") or ()):
            return
        left = self._delete_all(self._rows.get(metadata["name"], ()))
        status = definition.setdefault("status", {})
        conditions = list(status.get("conditions") or ())
        now = timestamp(self._store.clock.now())
        if left:
            said = "CustomResource deletion is in progress"
            _set(conditions, "Terminating", "True", "InstanceDeletionInProgress", said, now)
            if conditions != status.get("conditions"):
                self._store.update(
                    DEFINITIONS, {**definition, "status": {**status, "conditions": conditions}}, subresource="status"
                )
            return
        fresh = self._store.get(DEFINITIONS, None, metadata["name"])
        if fresh is not None:
            kept = [name for name in fresh["metadata"].get("finalizers") or () if name != CLEANUP]
            fresh["metadata"]["finalizers"] = kept
            self._store.update(DEFINITIONS, fresh)

    def _delete_all(self, rows: list[Resource] | tuple[Resource, ...]) -> int:
        if not rows:
            return 0
        row = rows[0]
        for record in self._store.records(row):
            try:
                self._store.delete(row, record.namespace or None, record.name)
            except ApiError as error:
                if error.code != 404:
                    raise
        return self._store.count(row)


def _is(status: Object, kind: str) -> bool:
    return any(one.get("type") == kind and one.get("status") == "True" for one in status.get("conditions") or ())


def _set(conditions: list[Object], kind: str, value: str, reason: str, message: str, now: str) -> None:
    fresh = {"type": kind, "status": value, "lastTransitionTime": now, "reason": reason, "message": message}
    for index, one in enumerate(conditions):
        if one.get("type") == kind:
            if one.get("status") == value:
                fresh["lastTransitionTime"] = one.get("lastTransitionTime", now)
            conditions[index] = fresh
            return
    conditions.append(fresh)
