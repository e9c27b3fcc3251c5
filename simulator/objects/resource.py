"""One row of the resource table: what the API serves is data. Adding a kind is adding a row in ``simulator/kinds/``.

A row says how a kind is named and listed (discovery), which fields a client may select by, which columns a table
shows, and gives the pure functions that default, validate and prepare its objects. The store and the HTTP layer know
no kind by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.errors import Cause

if TYPE_CHECKING:
    from simulator.schema.types import Type
    from simulator.store.store import Store

Object = dict[str, Any]
Cell = str | int | bool | None | list[Any]

EVERY_VERB = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
STATUS_VERBS = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """``pods/log`` and friends; group, version and kind are those of what it answers with (empty: the parent's)."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``priority`` 1 is shown only with ``-o wide``."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


class ScalePaths(NamedTuple):
    """Where a custom resource keeps what its Scale shows (JSONPaths); ``selector`` may be empty."""

    spec_replicas: str
    status_replicas: str
    selector: str


class Custom(NamedTuple):
    """What only rows of custom resources have: their structural schema and the paths of their scale."""

    schema: Object
    scale: ScalePaths | None = None
    type: Type | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One row. Compared by identity: there is one row for each kind."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = EVERY_VERB
    subresources: tuple[Subresource, ...] = ()
    columns: tuple[Column, ...] = ()
    cells: Callable[[Object, Any], list[Cell]] | None = None
    """(object, now) → the cells, in the order of ``columns``; without it a table has Name and Created At."""
    selectable: Mapping[str, Callable[[Object], str]] = field(default_factory=dict)
    """Field selectors beside ``metadata.name`` and ``metadata.namespace``."""
    generation: tuple[str, ...] = ()
    """Top-level fields (also ``labels``, ``annotations``) whose change raises the generation; none: no generation;
    ``*``: everything but the metadata, and the status where it is a subresource."""
    schema: str = ""
    """Name of the object's type in ``simulator/schema``; empty: any fields are taken."""
    name_rule: str = "subdomain"
    """How its objects may be named: ``subdomain``, ``label``, ``label1035`` or ``path`` (``objects.validation``)."""
    list_key: str = ""
    """Where the store keeps it: kinds served in two groups (events) or versions share one row's objects."""
    convert: Callable[[Object], Object] | None = None
    """From the form in which another row of the same ``list_key`` stored an object to this row's form."""
    list_kind: str = ""
    """The kind of its lists, when it is not the kind with List behind it."""
    cleanup: str = ""
    """A finalizer that every deletion adds (CustomResourceDefinitions wait for their objects)."""
    custom: Custom | None = None
    defaults: Callable[[Object], None] | None = None
    validate: Callable[[Object, Object | None], list[Cause]] | None = None
    prepare: Callable[[Store, Object, Object | None], None] | None = None
    """Last changes before a write that need the store: allocated addresses, bound tokens (admission, strategies)."""
    graceful: Callable[[Object, int | None], int] | None = None
    """(object, asked grace) → grace period in seconds, for kinds that end gracefully (pods)."""
    returns_deleted: bool = False
    """DELETE answers the object that was deleted instead of a Status."""
    warning: str = ""
    """Sent as a Warning header with each answer (deprecated kinds)."""
    storage_version_hash: str = ""
    unconditional_update: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def has_status(self) -> bool:
        return any(sub.name == "status" for sub in self.subresources)

    @property
    def listed(self) -> str:
        """The kind of a list of its objects."""
        return self.list_kind or f"{self.kind}List"

    @property
    def key(self) -> str:
        """``pods`` or ``deployments.apps``: the name of this row, and of its objects' place in the store."""
        return self.list_key or (f"{self.plural}.{self.group}" if self.group else self.plural)

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)

    def __repr__(self) -> str:
        return f"<Resource {self.api_version} {self.plural}>"


def at_path(obj: Any, path: str) -> str:
    """The value at ``spec.nodeName`` as a string, ``""`` where it is absent."""
    for part in path.split("."):
        if not isinstance(obj, dict):
            return ""
        obj = obj.get(part)
    if obj is None or isinstance(obj, dict | list):
        return ""
    return str(obj).lower() if isinstance(obj, bool) else str(obj)


def by_path(*paths: str) -> dict[str, Callable[[Object], str]]:
    """Selectable fields that are plain paths."""
    return {path: partial(_read, path) for path in paths}


def _read(path: str, obj: Object) -> str:
    return at_path(obj, path)
