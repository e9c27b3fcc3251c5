"""Services, Endpoints and EndpointSlices that Kubernetes would refuse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.api.client import Api

SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def service(name: str = "s", node_port: int = 0, **spec: Any) -> dict[str, Any]:
    port = {"port": 80, **({"nodePort": node_port} if node_port else {})}
    return {"metadata": {"name": name}, "spec": {"ports": [port], **spec}}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (
            service(node_port=80, type="NodePort"),
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. "
            "The range of valid ports is 30000-32767",
        ),
        (
            service(node_port=30080),
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
        (service(clusterIP="x"), f'spec.clusterIPs[0]: Invalid value: "x": {ADDRESS}'),
        (
            service(clusterIP="1.2.3.4"),
            'spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided IP (1.2.3.4) is '
            "not in the valid range. The range of valid IPs is 10.96.0.0/16",
        ),
        (service(externalIPs=["x"]), f'spec.externalIPs[0]: Invalid value: "x": {ADDRESS}'),
        (
            service(type="NodePort", externalTrafficPolicy="Near"),
            'spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"',
        ),
    ],
)
async def test_a_service_problem_is_named(sent: dict[str, Any], said: str) -> None:
    refused = await Api().call("POST", SERVICES, sent)
    assert (refused.status, refused.json().get("message")) == (422, f'Service "s" is invalid: {said}')


async def test_a_node_port_is_given_once_and_kept_by_its_service() -> None:
    api = Api()
    assert (await api.call("POST", SERVICES, service("a", 30080, type="NodePort"))).status == 201
    refused = await api.call("POST", SERVICES, service("b", 30080, type="NodePort"))
    assert refused.json()["message"] == (
        'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'
    )
    merge = {"content-type": "application/merge-patch+json"}
    assert (await api.call("PATCH", f"{SERVICES}/a", {"metadata": {"labels": {"x": "y"}}}, merge)).status == 200


async def test_slices_have_distinct_ports_and_at_most_a_hundred_addresses_an_endpoint() -> None:
    ports = [{"name": "a", "port": 1}, {"name": "a", "port": 70000}]
    endpoints = [{"addresses": ["10.0.0.1"] * 101}]
    sent = {"metadata": {"name": "s"}, "addressType": "IPv4", "endpoints": endpoints, "ports": ports}
    refused = (await Api().call("POST", SLICES, sent)).json()
    assert [(cause["field"], cause["message"]) for cause in refused["details"]["causes"]] == [
        ("endpoints[0].addresses", "Too many: 101: must have at most 100 items"),
        ("ports[1].name", 'Duplicate value: "a"'),
        ("ports[1].port", "Invalid value: 70000: must be between 1 and 65535, inclusive"),
    ]


async def test_endpoints_have_addresses_and_ports_that_exist() -> None:
    subsets = [{"addresses": [{"ip": "x"}], "ports": [{"port": 0}]}, {"ports": []}]
    path = "/api/v1/namespaces/default/endpoints"
    refused = (await Api().call("POST", path, {"metadata": {"name": "e"}, "subsets": subsets})).json()
    assert [cause["field"] for cause in refused["details"]["causes"]] == [
        "subsets[0].addresses[0].ip", "subsets[0].ports[0].port", "subsets[1]",
    ]  # fmt: skip
