"""Everything that follows the store is as it was after the store was put back: kinds, rights, owners."""

from __future__ import annotations

import asyncio

import httpx

from simulator.simulator import Simulator
from tests.simulator.extensions.widgets import DEFINITIONS, NAME, WIDGETS, definition, widget
from tests.simulator.in_memory import MAPS, make, play

BINDING = {
    "metadata": {"name": "reader"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
}
TOKEN = "/api/v1/namespaces/default/serviceaccounts/default/token"


def test_custom_kinds_are_those_of_the_revision() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        before = int(await make(api, "before"))
        await api.post(DEFINITIONS, json=definition())
        made = (await api.post(WIDGETS, json=widget())).json()
        after = int(made["metadata"]["resourceVersion"])
        await api.delete(f"{DEFINITIONS}/{NAME}")
        await asyncio.sleep(1)
        assert (await api.get(WIDGETS)).status_code == 404
        await simulator.roll_back(after)
        assert [one["metadata"]["name"] for one in (await api.get(WIDGETS)).json()["items"]] == [
            made["metadata"]["name"]
        ]
        owner = {key: made[key] for key in ("apiVersion", "kind")}
        owner |= {key: made["metadata"][key] for key in ("name", "uid")}
        await api.post(MAPS, json={"metadata": {"name": "owned", "ownerReferences": [owner]}})
        await api.delete(f"{WIDGETS}/{made['metadata']['name']}")
        await asyncio.sleep(1)
        assert (await api.get(f"{MAPS}/owned")).status_code == 404
        await simulator.roll_back(before)
        assert (await api.get(WIDGETS)).status_code == 404

    play(story)


def test_rights_are_those_of_the_revision() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        await asyncio.sleep(1)
        token = (await api.post(TOKEN, json={"spec": {}})).json()["status"]["token"]
        before = int(await make(api, "before"))
        async with simulator.connect(token) as reader:
            assert (await reader.get(MAPS)).status_code == 403
            await api.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", json=BINDING)
            assert (await reader.get(MAPS)).status_code == 200
            await simulator.roll_back(before)
            assert (await reader.get(MAPS)).status_code == 403

    play(story)
