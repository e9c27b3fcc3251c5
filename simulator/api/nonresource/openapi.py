"""OpenAPI documents made from the table of kinds and the types: v3 by group, and v2.

Clients need from them: that PATCH of a kind takes ``fieldValidation`` and a strategic merge patch (``kubectl apply``),
which lists merge by which key, and the fields' names and types (``kubectl explain``, ``diff``). There are no
descriptions.
"""

from __future__ import annotations

import hashlib
from typing import Any

from simulator.api.answer import Answer
from simulator.api.negotiation import JSON
from simulator.api.nonresource import openapi_protobuf
from simulator.api.request import Request
from simulator.kinds.table import Table
from simulator.objects.record import encode
from simulator.objects.resource import Custom, Resource
from simulator.schema import Field, schema

PROTOBUF_V2 = "application/com.github.proto-openapi.spec.v2"
META = "io.k8s.apimachinery.pkg"
METADATA = "meta/v1.ObjectMeta"
NAMES = {
    "apiextensions/v1": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
    "apiregistration/v1": "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1",
    "meta/v1": f"{META}.apis.meta.v1",
    "runtime": f"{META}.runtime",
}
SPECIAL: dict[str, tuple[str, dict[str, Any]]] = {
    "Time": (f"{META}.apis.meta.v1.Time", {"type": "string", "format": "date-time"}),
    "MicroTime": (f"{META}.apis.meta.v1.MicroTime", {"type": "string", "format": "date-time"}),
    "Duration": (f"{META}.apis.meta.v1.Duration", {"type": "string"}),
    "Raw": (f"{META}.apis.meta.v1.FieldsV1", {"type": "object"}),
    "RawExtension": (f"{META}.runtime.RawExtension", {"type": "object"}),
    "IntOrString": (
        f"{META}.util.intstr.IntOrString",
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
    "Quantity": (f"{META}.api.resource.Quantity", {"oneOf": [{"type": "string"}, {"type": "number"}]}),
}
SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "format": "int32"},
    "bool": {"type": "boolean"},
    "double": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "Items": {"type": "array", "items": {"type": "string"}},
    "any": {"type": "object"},
    "SchemaOrArray": {},
    "SchemaOrBool": {},
}
PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
METHODS = {"get": "get", "list": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete"}


def public_name(type_name: str) -> str:
    """``core/v1.Pod`` → ``io.k8s.api.core.v1.Pod``."""
    place, _, title = type_name.rpartition(".")
    return f"{NAMES.get(place) or 'io.k8s.api.' + place.replace('/', '.')}.{title}"


class OpenApi:
    """The documents of one table, made when they are first asked for."""

    def __init__(self, table: Table, former: OpenApi | None = None) -> None:
        self._table = table
        self._documents: dict[str, bytes] = {}
        if former is not None:
            before, now = former._groups(), self._groups()
            same = {name for name in now if before.get(name) == now[name]}
            self._documents = {name: made for name, made in former._documents.items() if name in same}

    def of(self, table: Table) -> OpenApi:
        """The documents of ``table``; those of groups that are as before are not made again."""
        return self if table is self._table else OpenApi(table, self)

    def answer(self, request: Request) -> Answer | None:
        """The answer to a path below /openapi, None when there is nothing."""
        path = request.target.path.rstrip("/")
        if path == "/openapi/v3":
            return self._index()
        if path == "/openapi/v2":
            if PROTOBUF_V2 in request.header("accept"):
                return Answer(200, f"{PROTOBUF_V2}.v1.0+protobuf", self._document("v2 protobuf"))
            return Answer(200, JSON, self._document("v2"))
        name = path.removeprefix("/openapi/v3/")
        if path.startswith("/openapi/v3/") and name in self._groups():
            return self._group(request, name)
        return None

    def _groups(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for row in self._table.rows:
            found.setdefault(f"apis/{row.api_version}" if row.group else "api/v1", []).append(row)
        return found

    def _index(self) -> Answer:
        paths = {name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={self._hash(name)}"} for name in self._groups()}
        return Answer(200, "text/plain; charset=utf-8", encode({"paths": paths}))

    def _hash(self, name: str) -> str:
        return hashlib.sha512(self._document(name)).hexdigest().upper()

    def _group(self, request: Request, name: str) -> Answer:
        digest = self._hash(name)
        headers = [("ETag", f'"{digest}"'), ("Vary", "Accept")]
        if request.query.get("hash") == digest:
            headers.append(("Cache-Control", "public, immutable"))
        if request.header("if-none-match") == f'"{digest}"':
            return Answer(304, JSON, headers=headers)
        return Answer(200, JSON, self._document(name), headers=headers)

    def _document(self, name: str) -> bytes:
        made = self._documents.get(name)
        if made is None:
            if name == "v2 protobuf":
                made = openapi_protobuf.document(_v2(self._table.rows))
            else:
                made = encode(_v2(self._table.rows) if name == "v2" else _v3(self._groups()[name]))
            self._documents[name] = made
        return made


def _v3(rows: list[Resource]) -> dict[str, Any]:
    builder = Schemas("#/components/schemas/")
    paths: dict[str, Any] = {}
    for row in rows:
        paths |= _paths(row, builder)
    head = {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "1.36"}, "paths": paths}
    return {**head, "components": {"schemas": builder.schemas}}


def _v2(rows: tuple[Resource, ...]) -> dict[str, Any]:
    builder = Schemas("#/definitions/")
    for row in rows:
        builder.resource(row)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": {},
        "definitions": builder.schemas,
    }


def _paths(row: Resource, builder: Schemas) -> dict[str, Any]:
    reference = builder.resource(row)
    base = f"/apis/{row.group}/{row.version}" if row.group else "/api/v1"
    place = f"{base}/namespaces/{{namespace}}/{row.plural}" if row.namespaced else f"{base}/{row.plural}"
    many = {METHODS[verb]: _operation(row, verb, reference) for verb in ("list", "create") if verb in row.verbs}
    single = ("get", "update", "patch", "delete")
    one = {METHODS[verb]: _operation(row, verb, reference) for verb in single if verb in row.verbs}
    paths = {place: {**many, "parameters": _parameters(row)}}
    if one:
        paths[f"{place}/{{name}}"] = {**one, "parameters": _parameters(row, "name")}
    return paths


def _parameters(row: Resource, *more: str) -> list[dict[str, Any]]:
    names = [*more, *(("namespace",) if row.namespaced else ())]
    string = {"type": "string", "uniqueItems": True}
    return [{"name": name, "in": "path", "required": True, "schema": string} for name in names]


def _operation(row: Resource, verb: str, reference: dict[str, Any]) -> dict[str, Any]:
    content = {JSON: {"schema": reference}}
    title = f"{verb}{row.group.partition('.')[0].title() or 'Core'}{row.version.title()}{row.kind}"
    operation: dict[str, Any] = {
        "operationId": title,
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": verb,
        "x-kubernetes-group-version-kind": _kind(row),
    }
    if verb in ("create", "update", "patch"):
        names = ("dryRun", "fieldManager", "fieldValidation", *(("force",) if verb == "patch" else ()))
        kinds = {"force": "boolean"}
        operation["parameters"] = [
            {"name": name, "in": "query", "schema": {"type": kinds.get(name, "string"), "uniqueItems": True}}
            for name in names
        ]
        patch = {"schema": {"type": "object"}}
        kinds_of_patch = PATCHES if row.custom is None else tuple(one for one in PATCHES if "strategic" not in one)
        bodies = dict.fromkeys(kinds_of_patch, patch) if verb == "patch" else {JSON: {"schema": reference}}
        operation["requestBody"] = {"content": bodies, "required": True}
    return operation


def _kind(row: Resource) -> dict[str, str]:
    return {"group": row.group, "version": row.version, "kind": row.kind}


class Schemas:
    """Collects the schemas of types and of everything they refer to."""

    def __init__(self, prefix: str) -> None:
        self.schemas: dict[str, Any] = {}
        self._prefix = prefix

    def resource(self, row: Resource) -> dict[str, Any]:
        """The reference to a kind's schema, which is marked with the kind."""
        if row.custom is not None:
            return self._custom(row, row.custom)
        if not row.schema:
            name = f"io.k8s.{row.group}.{row.version}.{row.kind}"
            self.schemas[name] = {"type": "object", "x-kubernetes-group-version-kind": [_kind(row)]}
            return {"$ref": self._prefix + name}
        reference = self.type(row.schema)
        made = self.schemas[public_name(row.schema)]
        made["x-kubernetes-group-version-kind"] = [_kind(row)]
        made["properties"] = {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            **made["properties"],
        }
        return reference

    def _custom(self, row: Resource, custom: Custom) -> dict[str, Any]:
        name = ".".join((*reversed(row.group.split(".")), row.version, row.kind))
        made = {"type": "object", **custom.schema, "x-kubernetes-group-version-kind": [_kind(row)]}
        own = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": self.type(METADATA)}
        made["properties"] = {**(custom.schema.get("properties") or {}), **own}
        self.schemas[name] = made
        return {"$ref": self._prefix + name}

    def type(self, type_name: str) -> dict[str, Any]:
        name = public_name(type_name)
        if name not in self.schemas:
            made: dict[str, Any] = {"type": "object"}
            self.schemas[name] = made
            found = schema().get(type_name)
            made["properties"] = {field.name: self._field(field) for field in found.fields}
            wanted = [field.name for field in found.fields if not field.omitempty and field.shape == "one"]
            wanted = [one for one in wanted if one not in ("metadata", "spec", "status")]
            if wanted:
                made["required"] = wanted
            if found.atomic:
                made["x-kubernetes-map-type"] = "atomic"
        return {"$ref": self._prefix + name}

    def _field(self, field: Field) -> dict[str, Any]:
        element = self._element(field.base)
        if field.shape == "list":
            made: dict[str, Any] = {"type": "array", "items": element}
            if field.keys:
                made |= {"x-kubernetes-list-map-keys": list(field.keys), "x-kubernetes-list-type": "map"}
            else:
                made["x-kubernetes-list-type"] = "set" if field.is_set else "atomic"
        elif field.shape == "map":
            made = {"type": "object", "additionalProperties": element}
        else:
            made = {"allOf": [element]} if "$ref" in element else dict(element)
        if field.strategy:
            made["x-kubernetes-patch-strategy"] = field.strategy
        if field.merge_key:
            made["x-kubernetes-patch-merge-key"] = field.merge_key
        return made

    def _element(self, base: str) -> dict[str, Any]:
        if base in SCALARS:
            return SCALARS[base]
        if base in SPECIAL:
            name, made = SPECIAL[base]
            self.schemas.setdefault(name, made)
            return {"$ref": self._prefix + name}
        return self.type(base)
