"""What the API can do, as data: an operation is one method on one path, a resource is a row that unfolds into several.

Routes, the OpenAPI document and the check that everything is documented are all made from these.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from edge.admin.actor import Actor, Role
from edge.admin.errors import NotFound
from edge.admin.service import LIMIT

if TYPE_CHECKING:
    from edge.admin.admin import Admin

Verb: TypeAlias = Literal["list", "create", "get", "replace", "patch", "delete"]

EVERY_VERB: tuple[Verb, ...] = ("list", "create", "get", "replace", "patch", "delete")

_PARAMETER = re.compile(r"\{(\w+)\}")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, read: who asks, the ids in its path from left to right, its body, and what its query says."""

    admin: Admin
    actor: Actor
    ids: tuple[str, ...] = ()
    body: Any = None
    if_match: str | None = None
    limit: int = LIMIT
    after: str | None = None
    flags: frozenset[str] = frozenset()

    def version(self, position: int = -1) -> int:
        """The id at `position` as a release's version; NotFound when it is not a number that one could have."""
        text = self.ids[position]
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise NotFound(f"there is no release {text}: a release is named by its version, a whole number")
        return int(text)


Perform: TypeAlias = Callable[[Call], Awaitable[Any]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """`method` on `path` (below /api/v1). `perform` answers a value of type `answer`, or None for 204.

    `role` is the least that may perform it: known before the body is read, so that who may not do a thing hears
    that and not what is wrong with its body. (The services check again: the console has no such table.)
    `body_optional`: no body is read as an empty object. `patch`: the body is a merge patch onto a `body`, handed on
    as plain values. `etag` makes the ETag of an answer, or None. `flags` are query parameters that are true or false,
    with what they do. `errors` are the statuses it answers besides those every operation may.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    perform: Perform
    role: Role = "viewer"
    body: type[msgspec.Struct] | None = None
    body_optional: bool = False
    patch: bool = False
    answer: Any = None
    status: int = 200
    paged: bool = False
    conditional: bool = False
    etag: Callable[[Admin, Any], str] | None = None
    flags: dict[str, str] = {}
    errors: tuple[int, ...] = ()

    @property
    def parameters(self) -> list[str]:
        """The names in the path's braces, from left to right."""
        return _PARAMETER.findall(self.path)


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A row: `path` with its parents in braces, what one thing is called, the service behind it, what is shown and
    read, which verbs it has, and the roles that reading, writing and deleting (None: as writing) need. `acts` says how
    a written thing takes effect, for the document."""

    path: str
    noun: str
    service: Callable[[Admin], Any]
    view: type[msgspec.Struct]
    body: type[msgspec.Struct] | None = None
    verbs: tuple[Verb, ...] = EVERY_VERB
    reader: Role = "viewer"
    writer: Role = "admin"
    deleter: Role | None = None
    key: str = "id"
    acts: str = ""
