"""Ingresses, their classes, and Leases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.api.client import Api

CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def ingress(host: str = "a.example.com", **path: Any) -> dict[str, Any]:
    one = {"path": "/", "pathType": "Prefix", "backend": BACKEND, **path}
    return {"metadata": {"name": "i"}, "spec": {"rules": [{"host": host, "http": {"paths": [one]}}]}}


async def test_a_new_ingress_gets_the_default_class() -> None:
    api = Api()
    assert "ingressClassName" not in (await api.call("POST", INGRESSES, ingress())).json()["spec"]
    annotations = {"ingressclass.kubernetes.io/is-default-class": "true"}
    made = {"metadata": {"name": "edge", "annotations": annotations}, "spec": {"controller": "example.com/edge"}}
    assert (await api.call("POST", CLASSES, made)).status == 201
    sent = ingress()
    sent["metadata"]["name"] = "second"
    assert (await api.call("POST", INGRESSES, sent)).json()["spec"]["ingressClassName"] == "edge"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (ingress(pathType=None), "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"),
        (
            ingress(pathType="Regex"),
            'spec.rules[0].http.paths[0].pathType: Unsupported value: "Regex": supported values: "Exact", '
            '"ImplementationSpecific", "Prefix"',
        ),
        (ingress(path="x"), 'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path'),
        (ingress(path="/a//b"), "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b\": must not contain '//'"),
        (
            ingress(host="1.2.3.4"),
            'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        ),
        (
            ingress(backend={"service": {"name": "web"}}),
            "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
        ),
        (
            ingress(backend={}),
            'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
        ),
    ],
)
async def test_an_ingress_problem_is_named(sent: dict[str, Any], said: str) -> None:
    refused = await Api().call("POST", INGRESSES, sent)
    assert (refused.status, refused.json()["message"]) == (422, f'Ingress.networking.k8s.io "i" is invalid: {said}')


async def test_a_class_has_a_controller_that_never_changes() -> None:
    api = Api()
    refused = (await api.call("POST", CLASSES, {"metadata": {"name": "c"}, "spec": {"controller": "plain"}})).json()
    assert refused["details"]["causes"][0]["message"] == (
        'Invalid value: "plain": must be a domain-prefixed path (such as "acme.io/foo")'
    )
    await api.call("POST", CLASSES, {"metadata": {"name": "c"}, "spec": {"controller": "a.io/b"}})
    merge = {"content-type": "application/merge-patch+json"}
    refused = (await api.call("PATCH", f"{CLASSES}/c", {"spec": {"controller": "a.io/c"}}, merge)).json()
    assert refused["details"]["causes"][0]["message"] == 'Invalid value: "a.io/c": field is immutable'


async def test_a_lease_lasts() -> None:
    sent = {"metadata": {"name": "l"}, "spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}}
    refused = (await Api().call("POST", LEASES, sent)).json()
    assert [cause["message"] for cause in refused["details"]["causes"]] == [
        "Invalid value: 0: must be greater than 0",
        "Invalid value: -1: must be greater than or equal to 0",
    ]
