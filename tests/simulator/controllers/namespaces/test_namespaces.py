"""What a namespace that ends says it waits for."""

from __future__ import annotations

import asyncio

import httpx

from simulator.simulator import Simulator
from tests.simulator.in_memory import play

SPACE = "/api/v1/namespaces/t"
MERGE = {"content-type": "application/merge-patch+json"}


def test_an_ending_namespace_names_what_is_left_and_whose_finalizers_hold_it() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        await api.post("/api/v1/namespaces", json={"metadata": {"name": "t"}})
        held = {"metadata": {"name": "held", "finalizers": ["example.com/held"]}}
        await api.post(f"{SPACE}/configmaps", json=held)
        role = "/apis/rbac.authorization.k8s.io/v1/namespaces/t/roles"
        await api.post(role, json=held)
        await api.delete(SPACE)
        await asyncio.sleep(6)
        found = {one["type"]: one for one in (await api.get(SPACE)).json()["status"]["conditions"]}
        assert [kind for kind, one in found.items() if one["status"] == "True"] == [
            "NamespaceContentRemaining",
            "NamespaceFinalizersRemaining",
        ]
        assert found["NamespaceContentRemaining"]["message"] == (
            "Some resources are remaining: configmaps. has 1 resource instances, "
            "roles.rbac.authorization.k8s.io has 1 resource instances"
        )
        waits = found["NamespaceFinalizersRemaining"]
        assert (waits["reason"], waits["message"]) == (
            "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: example.com/held in 2 resource instances",
        )
        for path in (f"{SPACE}/configmaps/held", f"{role}/held"):
            await api.patch(path, json={"metadata": {"finalizers": None}}, headers=MERGE)
        await asyncio.sleep(1)
        assert (await api.get(SPACE)).status_code == 404

    play(story)
