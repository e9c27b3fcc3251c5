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
