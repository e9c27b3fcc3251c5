"""Discovery: what the table of kinds serves, in the aggregated and in the old form."""

from __future__ import annotations

import hashlib
from typing import Any

from simulator.api.answer import Answer, encoded, wants_pretty
from simulator.api.negotiation import JSON, negotiate
from simulator.api.request import Request
from simulator.kinds.table import Table
from simulator.objects.resource import Resource, Subresource

AGGREGATED = "APIGroupDiscoveryList"
VERSION: dict[str, str] = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.27.3",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def discover(table: Table, request: Request) -> Answer | None:
    """The answer to a discovery path, None when the path is no such thing."""
    parts = [part for part in request.target.path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) <= 2:
        return _root(table, request, True) if len(parts) == 1 else _resources(table, request, "", parts[1])
    if parts[:1] == ["apis"] and len(parts) <= 3:
        if len(parts) == 1:
            return _root(table, request, False)
        if len(parts) == 2:
            return _group_answer(table, request, parts[1])
        return _resources(table, request, parts[1], parts[2])
    return None


def _answer(request: Request, value: dict[str, Any], content_type: str = JSON) -> Answer:
    body = encoded(value, pretty=wants_pretty(request.query, request.header("user-agent")))
    return Answer(200, content_type, body)


def _root(table: Table, request: Request, core: bool) -> Answer:
    form = negotiate(request.header("accept"), (AGGREGATED,), protobuf=False)
    groups = {name: versions for name, versions in table.groups().items() if (name == "") is core}
    if form.kind:
        answer = _answer(request, _aggregated(groups), form.content_type)
        etag = '"' + hashlib.sha512(answer.body).hexdigest().upper() + '"'
        answer.headers = [("ETag", etag), ("Vary", "Accept"), ("Cache-Control", "public")]
        if request.header("if-none-match") == etag:
            return Answer(304, form.content_type, headers=answer.headers)
        return answer
    if core:
        address = {"clientCIDR": "0.0.0.0/0", "serverAddress": request.header("host")}
        versions = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}
        return _answer(request, versions)
    listed = [_group(name, list(versions)) for name, versions in groups.items()]
    return _answer(request, {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed})


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    named = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": named, "preferredVersion": named[0]}


def _group_answer(table: Table, request: Request, name: str) -> Answer | None:
    versions = table.groups().get(name)
    if versions is None or not name:
        return None
    return _answer(request, {"kind": "APIGroup", "apiVersion": "v1", **_group(name, list(versions))})


def _resources(table: Table, request: Request, group: str, version: str) -> Answer | None:
    rows = table.groups().get(group, {}).get(version)
    if rows is None:
        return None
    listed = [entry for row in rows for entry in _legacy(row)]
    group_version = f"{group}/{version}" if group else version
    head: dict[str, Any] = {"kind": "APIResourceList"}
    if group:
        head["apiVersion"] = "v1"
    return _answer(request, {**head, "groupVersion": group_version, "resources": listed})


def _legacy(row: Resource) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {
        "name": row.plural,
        "singularName": row.singular,
        "namespaced": row.namespaced,
        "kind": row.kind,
        "verbs": list(row.verbs),
    }
    if row.short_names:
        entry["shortNames"] = list(row.short_names)
    if row.categories:
        entry["categories"] = list(row.categories)
    if row.storage_version_hash:
        entry["storageVersionHash"] = row.storage_version_hash
    return [entry, *(_legacy_sub(row, sub) for sub in row.subresources)]


def _legacy_sub(row: Resource, sub: Subresource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": f"{row.plural}/{sub.name}",
        "singularName": "",
        "namespaced": row.namespaced,
    }
    if sub.group:
        entry |= {"group": sub.group, "version": sub.version}
    return {**entry, "kind": sub.kind, "verbs": list(sub.verbs)}


def _aggregated(groups: dict[str, dict[str, list[Resource]]]) -> dict[str, Any]:
    items = []
    for name, versions in groups.items():
        listed = [
            {"version": version, "resources": [_aggregated_row(row) for row in rows], "freshness": "Current"}
            for version, rows in versions.items()
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": listed})
    return {"kind": AGGREGATED, "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_row(row: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": row.plural,
        "responseKind": {"group": "", "version": "", "kind": row.kind},
        "scope": "Namespaced" if row.namespaced else "Cluster",
        "singularResource": row.singular,
        "verbs": list(row.verbs),
    }
    if row.short_names:
        entry["shortNames"] = list(row.short_names)
    if row.categories:
        entry["categories"] = list(row.categories)
    if row.subresources:
        entry["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind},
                "verbs": list(sub.verbs),
            }
            for sub in row.subresources
        ]
    return entry
