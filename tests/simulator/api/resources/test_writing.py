"""Deleting what may not be deleted."""

from __future__ import annotations

import pytest

from tests.simulator.api.client import Api


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_the_namespaces_of_the_cluster_may_not_be_deleted(name: str) -> None:
    api = Api()
    reply = await api.call("DELETE", f"/api/v1/namespaces/{name}")
    assert reply.status == 403
    assert reply.json()["message"] == f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    assert (await api.call("GET", f"/api/v1/namespaces/{name}")).json()["status"]["phase"] == "Active"


MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        ),
        (
            {"propagationPolicy": "Never"},
            'Unsupported value: "Never": supported values: "Foreground", "Background", "Orphan", "nil"',
        ),
    ],
)
async def test_a_propagation_that_makes_no_sense_deletes_nothing(options: dict[str, object], why: str) -> None:
    api = Api()
    await api.call("POST", MAPS, {"metadata": {"name": "m"}})
    refused = await api.call("DELETE", f"{MAPS}/m", options)
    assert (refused.status, refused.json()["message"]) == (
        422,
        f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: {why}',
    )
    assert (await api.call("GET", f"{MAPS}/m")).status == 200


async def test_a_patch_with_a_wrong_field_validation_has_patch_options() -> None:
    api = Api()
    await api.call("POST", MAPS, {"metadata": {"name": "m"}})
    merge = {"content-type": "application/merge-patch+json"}
    refused = await api.call("PATCH", f"{MAPS}/m?fieldValidation=Loud", {"data": {}}, merge)
    assert refused.json()["message"].startswith('PatchOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported')
