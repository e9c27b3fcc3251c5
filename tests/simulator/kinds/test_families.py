"""A Service's IP families and its cluster IPs in them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from simulator.simulator import Simulator
from tests.simulator.api.client import Api
from tests.simulator.in_memory import PODS, play

SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
MERGE = {"content-type": "application/merge-patch+json"}


def sent(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}], "selector": {"app": "a"}, **spec}}


def shown(spec: dict[str, Any]) -> tuple[str, list[str], list[str]]:
    """Policy, families, and the families of the addresses."""
    kinds = [one if one == "None" else "IPv6" if ":" in one else "IPv4" for one in spec["clusterIPs"]]
    assert spec["clusterIP"] == spec["clusterIPs"][0]
    return spec["ipFamilyPolicy"], spec["ipFamilies"], kinds


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ("SingleStack", ["IPv4"], ["IPv4"])),
        ({"ipFamilies": ["IPv6"]}, ("SingleStack", ["IPv6"], ["IPv6"])),
        ({"clusterIP": "fd00:10:96::7"}, ("SingleStack", ["IPv6"], ["IPv6"])),
        ({"ipFamilyPolicy": "PreferDualStack"}, ("PreferDualStack", ["IPv4", "IPv6"], ["IPv4", "IPv6"])),
        ({"ipFamilies": ["IPv6", "IPv4"]}, ("RequireDualStack", ["IPv6", "IPv4"], ["IPv6", "IPv4"])),
        ({"clusterIP": "None"}, ("SingleStack", ["IPv4"], ["None"])),
        ({"clusterIP": "None", "selector": None}, ("RequireDualStack", ["IPv4", "IPv6"], ["None"])),
    ],
)
async def test_what_is_not_said_is_decided(spec: dict[str, Any], expected: Any) -> None:
    made = await Api().call("POST", SERVICES, sent(**spec))
    assert made.status == 201, made.body
    assert shown(made.json()["spec"]) == expected


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"ipFamilies": ["IPv5"]}, "spec.ipFamilies[0]", 'Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'),
        ({"ipFamilies": ["IPv4", "IPv4"]}, "spec.ipFamilies[1]", 'Duplicate value: "IPv4"'),
        (
            {"ipFamilies": ["IPv6"], "clusterIP": "10.96.0.7"},
            "spec.clusterIPs[0]",
            'Invalid value: "10.96.0.7": expected an IPv6 value as indicated by `ipFamilies[0]`',
        ),
        (
            {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "SingleStack"},
            "spec.ipFamilyPolicy",
            'Invalid value: "SingleStack": must be RequireDualStack or PreferDualStack '
            "when multiple 'ipFamilies' are specified",
        ),
        (
            {"clusterIP": "fd00:10:97::7"},
            "spec.clusterIPs",
            'Invalid value: ["fd00:10:97::7"]: failed to allocate IP fd00:10:97::7: the provided IP (fd00:10:97::7) is '
            "not in the valid range. The range of valid IPs is fd00:10:96::/112",
        ),
    ],
)
async def test_what_does_not_fit_is_named(spec: dict[str, Any], field: str, message: str) -> None:
    refused = (await Api().call("POST", SERVICES, sent(**spec))).json()
    assert refused["code"] == 422
    assert (field, message) in [(cause["field"], cause["message"]) for cause in refused["details"]["causes"]]


async def test_another_policy_adds_the_second_family_or_takes_it_away() -> None:
    api = Api()
    first = (await api.call("POST", SERVICES, sent())).json()["spec"]
    both = (await api.call("PATCH", f"{SERVICES}/a", b'{"spec":{"ipFamilyPolicy":"PreferDualStack"}}', MERGE)).json()
    assert shown(both["spec"]) == ("PreferDualStack", ["IPv4", "IPv6"], ["IPv4", "IPv6"])
    assert both["spec"]["clusterIP"] == first["clusterIP"]
    one = (await api.call("PATCH", f"{SERVICES}/a", b'{"spec":{"ipFamilyPolicy":"SingleStack"}}', MERGE)).json()
    assert shown(one["spec"]) == ("SingleStack", ["IPv4"], ["IPv4"])
    other = await api.call("PATCH", f"{SERVICES}/a", b'{"spec":{"ipFamilies":["IPv6"]}}', MERGE)
    assert "spec.ipFamilies[0]" in other.body.decode()


async def test_an_address_of_either_family_is_given_once() -> None:
    api = Api()
    made = (await api.call("POST", SERVICES, sent(ipFamilyPolicy="RequireDualStack"))).json()
    taken = {**sent(clusterIP=made["spec"]["clusterIPs"][1]), "metadata": {"name": "b"}}
    refused = await api.call("POST", SERVICES, taken)
    assert (refused.status, "already allocated" in refused.json()["message"]) == (422, True)


def test_slices_follow_the_addresses_that_pods_have() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        spec = {"containers": [{"name": "a", "image": "a", "ports": [{"containerPort": 80}]}]}
        await api.post(PODS, json={"metadata": {"name": "p", "labels": {"app": "a"}}, "spec": spec})
        await api.post(SERVICES, json=sent(ipFamilyPolicy="RequireDualStack"))
        await asyncio.sleep(2)
        pod = (await api.get(f"{PODS}/p")).json()
        ips = [{"ip": pod["status"]["podIP"]}, {"ip": "fd00:10:244::7"}]
        body = json.dumps({"status": {"podIPs": ips}})
        await api.patch(f"{PODS}/p/status", content=body, headers=MERGE)
        await asyncio.sleep(1)
        found = (await api.get(SLICES, params={"labelSelector": "kubernetes.io/service-name=a"})).json()["items"]
        assert {one["addressType"]: one["endpoints"][0]["addresses"] for one in found} == {
            "IPv4": [pod["status"]["podIP"]], "IPv6": ["fd00:10:244::7"],
        }  # fmt: skip

    play(story)
