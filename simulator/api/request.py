"""A request as the API sees it: who, which verb, on what. Source: apiserver/pkg/endpoints/request/requestinfo.go."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from simulator.access.rbac import Attributes
from simulator.kinds.table import Table
from simulator.objects.resource import Resource

VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Target(NamedTuple):
    """What a path names. ``resource`` is None for a path that is no resource, or one that is not served."""

    path: str
    group: str = ""
    version: str = ""
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    resource: Resource | None = None
    api: bool = False
    """Whether the path lies below a group and version."""
    watch: bool = False
    """The old form ``/api/v1/watch/…``."""


class Request:
    """One HTTP request. Header names are lower-case; ``query`` keeps the last of repeated parameters."""

    def __init__(
        self, method: str, target: Target, query: str, headers: list[tuple[str, str]], body: bytes = b""
    ) -> None:
        self.method = method
        self.target = target
        self._pairs = parse_qsl(query, keep_blank_values=True)
        self.query = dict(self._pairs)
        self.headers = headers
        self.body = body

    def all(self, name: str) -> list[str]:
        """Every value of a parameter that may be repeated."""
        return [value for key, value in self._pairs if key == name]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def flag(self, name: str) -> bool:
        """A boolean parameter as Kubernetes reads it: present and not ``false`` or ``0``."""
        return name in self.query and self.query[name].lower() not in ("false", "0")

    @property
    def watches(self) -> bool:
        return (self.method == "GET" and not self.target.name and self.flag("watch")) or self.target.watch

    @property
    def verb(self) -> str:
        """The verb that RBAC asks for."""
        if self.target.resource is None and not self.target.plural:
            return self.method.lower()
        if self.watches:
            return "watch"
        verb = VERBS.get(self.method, self.method.lower())
        if self.target.name:
            return verb
        return {"get": "list", "delete": "deletecollection"}.get(verb, verb)

    @property
    def routed(self) -> bool:
        """Whether this form of path takes the verb: apiserver/pkg/endpoints/installer.go registers a few for each.

        Objects of every namespace can be listed and watched together, but neither made nor deleted.
        """
        target = self.target
        if self.method == "HEAD" or target.resource is None:
            return False
        if target.name:
            return self.verb != "create"
        everywhere = target.resource.namespaced and not target.namespace
        return self.verb in ("list", "watch") or (self.verb in ("create", "deletecollection") and not everywhere)

    def attributes(self, selected_name: str) -> Attributes:
        target = self.target
        if not target.plural:
            return Attributes(self.method.lower(), path=target.path)
        name = target.name or (selected_name if self.verb in ("list", "watch", "deletecollection") else "")
        return Attributes(self.verb, target.group, target.plural, target.subresource, target.namespace, name)


def parse_path(table: Table, path: str) -> Target:
    """What a path names; never fails."""
    parts = [unquote(part) for part in path.split("/") if part]
    if parts[:1] == ["api"]:
        group, rest = "", parts[1:]
    elif parts[:1] == ["apis"] and len(parts) >= 2:
        group, rest = parts[1], parts[2:]
    else:
        return Target(path)
    if len(rest) < 2:
        return Target(path)
    version, rest = rest[0], rest[1:]
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and not _is_own(rest[2]):
        namespace, rest = rest[1], rest[2:]
    plural, name = rest[0], rest[1] if len(rest) > 1 else ""
    subresource = "/".join(rest[2:])
    resource = table.at(group, version, plural)
    if rest[0] == "namespaces" and name:
        namespace = name
    if (
        resource is not None
        and plural != "namespaces"
        and resource.namespaced is not bool(namespace)
        and (namespace or name)
    ):
        resource = None  # a namespaced object needs its namespace, another must not have one
    return Target(path, group, version, plural, namespace, name, subresource, resource, True, watch)


def _is_own(part: str) -> bool:
    """``namespaces/x/status`` is a subresource of the namespace, not a resource in it."""
    return part in ("status", "finalize")


def boolean(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())


Headers = list[tuple[bytes, bytes]]
Scope = dict[str, Any]
