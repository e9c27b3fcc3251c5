"""Cluster IPs are given out once."""

from __future__ import annotations

from tests.simulator.api.client import Api

SERVICES = "/api/v1/namespaces/default/services"


async def test_a_taken_cluster_ip_is_refused_and_an_own_one_kept() -> None:
    api = Api()
    ports = [{"port": 80}]
    first = {"metadata": {"name": "a"}, "spec": {"clusterIP": "10.96.7.7", "ports": ports}}
    assert (await api.call("POST", SERVICES, first)).status == 201
    second = await api.call("POST", SERVICES, {**first, "metadata": {"name": "b"}})
    assert second.status == 422
    assert second.json()["message"] == (
        'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.7.7"]: '
        "failed to allocate IP 10.96.7.7: provided IP is already allocated"
    )
    again = {"metadata": {"name": "a"}, "spec": {"clusterIP": "10.96.7.7", "ports": [{"port": 81}]}}
    assert (await api.call("PUT", f"{SERVICES}/a", again)).status == 200
    for name in ("c", "d"):
        headless = {"metadata": {"name": name}, "spec": {"clusterIP": "None", "ports": ports}}
        assert (await api.call("POST", SERVICES, headless)).status == 201


async def test_a_given_cluster_ip_stays() -> None:
    api = Api()
    made = {"metadata": {"name": "a"}, "spec": {"clusterIP": "10.96.7.7", "ports": [{"port": 80}]}}
    await api.call("POST", SERVICES, made)
    other = [{"op": "replace", "path": "/spec/clusterIP", "value": "10.96.7.8"}]
    refused = await api.call("PATCH", f"{SERVICES}/a", other, headers={"content-type": "application/json-patch+json"})
    assert refused.status == 422
    assert refused.json()["message"] == (
        'Service "a" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.7.8"]: may not change once set'
    )
