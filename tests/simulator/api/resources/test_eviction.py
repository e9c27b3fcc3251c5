"""Evictions within and beyond a PodDisruptionBudget, as `kubectl drain` makes them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from simulator.kinds.table import RESOURCES
from simulator.simulator import Simulator
from tests.simulator.api.client import Api
from tests.simulator.in_memory import PODS, play
from tests.simulator.world import FILES

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
BUDGET: dict[str, Any] = {
    "metadata": {"name": "web"},
    "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "test-hello"}}},
}
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


async def evict(api: httpx.AsyncClient, name: str, **query: str) -> httpx.Response:
    return await api.post(f"{PODS}/{name}/eviction", json={"metadata": {"name": name}}, params=query)


async def running(simulator: Simulator, api: httpx.AsyncClient, replicas: int) -> list[str]:
    simulator.load(FILES / "hello.yaml")
    scale = {"spec": {"replicas": replicas}}
    headers = {"content-type": "application/merge-patch+json"}
    await api.patch("/apis/apps/v1/namespaces/default/deployments/test-hello/scale", json=scale, headers=headers)
    await asyncio.sleep(2)
    return [one["metadata"]["name"] for one in (await api.get(PODS)).json()["items"]]


def test_a_budget_lets_pods_go_while_enough_are_healthy() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        first, second, _ = await running(simulator, api, 3)
        await api.post(BUDGETS, json=BUDGET)
        await asyncio.sleep(1)
        assert (await evict(api, first, dryRun="All")).status_code == 201
        assert (await evict(api, first)).status_code == 201
        refused = await evict(api, second)
        assert (refused.status_code, refused.json()) == (
            429,
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": "Cannot evict pod as it would violate the pod's disruption budget.",
                "reason": "TooManyRequests",
                "details": {
                    "causes": [
                        {
                            "reason": "DisruptionBudget",
                            "message": "The disruption budget web needs 2 healthy pods and has 2 currently",
                        }
                    ]
                },
                "code": 429,
            },
        )
        [row] = (await api.get(BUDGETS, headers=TABLE)).json()["rows"]
        assert row["cells"][:4] == ["web", "2", "N/A", 0]
        await asyncio.sleep(5)
        assert (await evict(api, second)).status_code == 201
        assert (await evict(api, "nobody")).status_code == 404

    play(story)


def test_a_share_is_of_what_the_workload_wants_and_unready_pods_may_go() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        spec = {"maxUnavailable": "50%", "selector": {}, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
        await api.post(BUDGETS, json={**BUDGET, "spec": spec})
        pods = await running(simulator, api, 4)
        status = (await api.get(f"{BUDGETS}/web")).json()["status"]
        assert (status["disruptionsAllowed"], status["desiredHealthy"], status["expectedPods"]) == (2, 2, 4)
        await api.post(BUDGETS, json={**BUDGET, "metadata": {"name": "second"}})
        refused = await evict(api, pods[0])
        assert (refused.status_code, "more than one" in refused.json()["message"]) == (500, True)
        await api.delete(f"{BUDGETS}/second")
        annotation = {"metadata": {"annotations": {"simulator/ready-after": "1h"}}}
        waiting = {**annotation, "metadata": {**annotation["metadata"], "name": "unready"}}
        containers = [{"name": "a", "image": "a"}]
        await api.post(PODS, json={**waiting, "spec": {"containers": containers}})
        await asyncio.sleep(2)
        for name in pods[:2]:
            assert (await evict(api, name)).status_code == 201
        assert (await evict(api, pods[2])).status_code == 429
        assert (await evict(api, "unready")).status_code == 201

    play(story)


async def test_a_budget_that_no_controller_has_seen_is_waited_for() -> None:
    api = Api()
    labels = {"app": "test-hello"}
    spec = {"containers": [{"name": "a", "image": "a"}], "nodeName": "node-1"}
    row = RESOURCES.of("v1", "Pod")
    made = api.store.create(row, {"metadata": {"name": "p", "namespace": "default", "labels": labels}, "spec": spec})
    api.store.update(row, {**made, "status": {"phase": "Running"}}, subresource="status")
    await api.call("POST", BUDGETS, BUDGET)
    refused = await api.call("POST", f"{PODS}/p/eviction", {"metadata": {"name": "p"}})
    assert (refused.status, refused.header("retry-after")) == (429, "10")
    [cause] = refused.json()["details"]["causes"]
    assert cause["message"] == "The disruption budget web is still being processed by the server."


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"minAvailable": 1, "maxUnavailable": 1}, "minAvailable and maxUnavailable cannot be both set"),
        ({"minAvailable": -1}, "must be greater than or equal to 0"),
        ({"minAvailable": "5"}, "a valid percent string must be"),
        ({"maxUnavailable": "101%"}, "must not be greater than 100%"),
        ({"unhealthyPodEvictionPolicy": "Never"}, 'supported values: "AlwaysAllow", "IfHealthyBudget"'),
    ],
)
async def test_a_budget_that_makes_no_sense_is_refused(spec: dict[str, Any], said: str) -> None:
    refused = await Api().call("POST", BUDGETS, {**BUDGET, "spec": spec})
    assert refused.status == 422
    assert said in refused.json()["message"]


def test_an_eviction_that_is_tried_or_of_another_name_ends_no_pod() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        (name,) = await running(simulator, api, 1)
        options = {"metadata": {"name": name}, "deleteOptions": {"dryRun": ["All"]}}
        assert (await api.post(f"{PODS}/{name}/eviction", json=options)).status_code == 201
        refused = await api.post(f"{PODS}/{name}/eviction", json={"metadata": {"name": "another"}})
        assert (refused.status_code, refused.json()["message"]) == (
            400,
            "name in URL does not match name in Eviction object",
        )
        assert "deletionTimestamp" not in (await api.get(f"{PODS}/{name}")).json()["metadata"]

    play(story)
