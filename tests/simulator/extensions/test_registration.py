"""APIServices: one for each version that is served."""

from __future__ import annotations

import asyncio

import httpx

from simulator.simulator import Simulator
from tests.simulator.extensions.widgets import DEFINITIONS, NAME, definition
from tests.simulator.in_memory import play

SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


def test_each_version_of_each_group_has_one_and_it_is_available() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        groups = (await api.get("/apis")).json()["groups"]
        served = {one["groupVersion"] for group in groups for one in group["versions"]} | {"/v1"}
        served.discard("apiregistration.k8s.io/v1")
        found = (await api.get(SERVICES)).json()["items"]
        assert {f"{one['spec'].get('group', '')}/{one['spec']['version']}" for one in found} == served
        by_name = {one["metadata"]["name"]: one["spec"] for one in found}
        assert by_name["v1."] == {"version": "v1", "groupPriorityMinimum": 18000, "versionPriority": 15}
        assert by_name["v2.autoscaling"]["versionPriority"] > by_name["v1.autoscaling"]["versionPriority"]
        rows = (await api.get(SERVICES, headers=TABLE)).json()["rows"]
        assert {tuple(row["cells"][1:3]) for row in rows} == {("Local", "True")}

    play(story)


def test_those_of_custom_kinds_come_and_go_with_the_kinds() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        await api.post(DEFINITIONS, json=definition())
        names = [f"{version}.shop.example.com" for version in ("v1", "v1beta1")]
        for name in names:
            made = (await api.get(f"{SERVICES}/{name}")).json()
            assert made["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "true"}
            assert made["spec"]["groupPriorityMinimum"] == 1000
        given = {"metadata": {"name": "v1.metrics"}, "spec": {"group": "metrics", "version": "v1"}}
        assert (await api.post(SERVICES, json=given)).status_code == 201
        await api.delete(f"{DEFINITIONS}/{NAME}")
        await asyncio.sleep(1)
        for name in names:
            assert (await api.get(f"{SERVICES}/{name}")).status_code == 404
        assert (await api.get(f"{SERVICES}/v1.metrics")).status_code == 200

    play(story)
