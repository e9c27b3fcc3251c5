"""Secrets that must hold something, and what is immutable."""

from __future__ import annotations

import base64

import pytest

from tests.simulator.api.client import Api

MERGE = {"content-type": "application/merge-patch+json"}
PLACE = "/api/v1/namespaces/default"


@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
async def test_an_immutable_object_keeps_its_data_and_stays_immutable(plural: str) -> None:
    api, path = Api(), f"{PLACE}/{plural}"
    value = base64.b64encode(b"1").decode()
    await api.call("POST", path, {"metadata": {"name": "x"}, "data": {"a": value}, "immutable": True})
    labelled = await api.call("PATCH", f"{path}/x", {"metadata": {"labels": {"l": "1"}}}, MERGE)
    assert labelled.status == 200
    refused = await api.call("PATCH", f"{path}/x", {"data": {"b": value}, "immutable": False}, MERGE)
    said = [(cause["field"], cause["message"]) for cause in refused.json()["details"]["causes"]]
    why = "Forbidden: field is immutable when `immutable` is set"
    assert (refused.status, said) == (422, [("immutable", why), ("data", why)])


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("kubernetes.io/tls", ["data[tls.crt]", "data[tls.key]"]),
        ("kubernetes.io/basic-auth", ["data[username]", "data[password]"]),
        ("kubernetes.io/ssh-auth", ["data[ssh-privatekey]"]),
        ("kubernetes.io/dockerconfigjson", ["data[.dockerconfigjson]"]),
        ("kubernetes.io/service-account-token", ["metadata.annotations[kubernetes.io/service-account.name]"]),
    ],
)
async def test_a_typed_secret_must_hold_its_keys(kind: str, fields: list[str]) -> None:
    refused = await Api().call("POST", f"{PLACE}/secrets", {"metadata": {"name": "s"}, "type": kind})
    assert refused.status == 422
    assert [cause["field"] for cause in refused.json()["details"]["causes"]] == fields


async def test_the_type_of_a_secret_is_immutable() -> None:
    api = Api()
    await api.call("POST", f"{PLACE}/secrets", {"metadata": {"name": "s"}})
    refused = await api.call("PATCH", f"{PLACE}/secrets/s", {"type": "other"}, MERGE)
    assert refused.json()["message"] == 'Secret "s" is invalid: type: Invalid value: "other": field is immutable'
