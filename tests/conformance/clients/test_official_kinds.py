"""The official client's models of every kind: pydantic refuses what does not fit, so nothing may."""

from __future__ import annotations

from typing import Any

from kubernetes import client

from simulator.kinds.table import RESOURCES
from tests.conformance.clients.kinds import Object, api, method, one_of_each
from tests.conformance.clients.running import Running

NOT_CREATED = {("v1", "ComponentStatus")}
"""Computed by a real server; it can only be read."""

UNTIMED = """Events of core/v1 have `eventTime: null`, which the client refuses where events.k8s.io/v1 lists them: so it
does on every cluster."""


def test_there_is_a_manifest_of_every_kind_that_can_be_stored() -> None:
    written = {(entry["apiVersion"], entry["kind"]) for entry in one_of_each("n")}
    served = {(row.api_version, row.kind) for row in RESOURCES.rows if "list" in row.verbs}
    assert written == served - NOT_CREATED


def test_every_kind_is_made_read_listed_watched_patched_and_deleted_typed(
    simulator: Running, admin: client.ApiClient, namespace: str
) -> None:
    failed = {}
    made = one_of_each(namespace)
    for entry in made:
        kind = f"{entry['apiVersion']} {entry['kind']}"
        try:
            live(admin, entry, namespace)
            end(admin, entry, namespace)
        except Exception as error:
            failed[kind] = f"{type(error).__name__}: {error}"[:600]
    assert not failed, "\n".join(f"{kind}: {why}" for kind, why in failed.items())


def live(admin: client.ApiClient, entry: Object, namespace: str) -> None:
    served = api(client, entry["apiVersion"])(admin)
    kind, name = entry["kind"], entry["metadata"]["name"]

    def call(verb: str, *arguments: Any, **options: Any) -> Any:
        return method(served, verb, kind, namespace)(*arguments, **options)

    created = call("create", entry)
    assert created.metadata.name == name
    assert created.metadata.uid
    assert call("read", name).metadata.uid == created.metadata.uid
    chosen = {"field_selector": f"metadata.name={name}"} if kind == "Event" else {}  # see UNTIMED
    listed = call("list", **chosen)
    assert listed.kind == f"{kind}List"
    assert name in [item.metadata.name for item in listed.items]
    version = listed.metadata.resource_version
    patched = call("patch", name, {"metadata": {"labels": {"seen": "yes"}}})
    assert patched.metadata.labels["seen"] == "yes"
    watched = call(
        "list", watch=True, resource_version=version, timeout_seconds=1, _preload_content=False, _request_timeout=3
    )
    line = next(watched.stream(65536))
    watched.close()
    assert b'"MODIFIED"' in line


def end(admin: client.ApiClient, entry: Object, namespace: str) -> None:
    served = api(client, entry["apiVersion"])(admin)
    method(served, "delete", entry["kind"], namespace)(entry["metadata"]["name"])
