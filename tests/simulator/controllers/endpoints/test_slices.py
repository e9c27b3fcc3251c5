from __future__ import annotations

import copy
from typing import Any

from simulator.controllers.endpoints.slices import Plan, plan
from simulator.controllers.pods import ContainerPort, Pod
from tests.simulator.controllers.pods_for_tests import pod, service

ZONES = {"node-1": "z1", "node-2": ""}
Object = dict[str, Any]


def stored(made: Object, name: str) -> Object:
    return {**made, "metadata": {**made["metadata"], "name": name, "uid": f"uid-{name}"}}


def run(svc: Object, pods: list[Pod], existing: list[Object], trigger: str | None = None) -> Plan:
    return plan(svc, pods, ZONES, copy.deepcopy(existing), trigger)


def after(existing: list[Object], result: Plan) -> list[Object]:
    """What is stored when the plan was carried out."""
    found = {s["metadata"]["name"]: s for s in existing}
    for number, made in enumerate(result.create):
        name = f"svc-{len(found)}{number}"
        found[name] = stored(made, name)
    found.update({s["metadata"]["name"]: s for s in result.update})
    for gone in result.delete:
        del found[gone["metadata"]["name"]]
    return list(found.values())


def addresses(slices: list[Object]) -> list[str]:
    return [e["addresses"][0] for s in slices for e in s["endpoints"] or []]


def test_a_slice_says_all_that_a_real_one_says() -> None:
    [made] = run(service(), [pod("p1")], [], "2026-01-01T00:00:01Z").create
    assert made == {
        "metadata": {
            "generateName": "svc-",
            "namespace": "default",
            "labels": {
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": "svc",
                "team": "blue",
            },
            "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:01Z"},
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "name": "svc",
                    "uid": "uid-svc",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": ["127.20.0.2"],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {"kind": "Pod", "namespace": "default", "name": "p1", "uid": "uid-p1"},
                "nodeName": "node-1",
                "zone": "z1",
            }
        ],
        "ports": [{"name": "", "protocol": "TCP", "port": 8080}],
    }


def test_a_service_without_endpoints_keeps_one_placeholder() -> None:
    [made] = run(service(), [], []).create
    assert (made["endpoints"], made["ports"]) == (None, None)
    placeholder = stored(made, "svc-a")
    again = run(service(), [], [placeholder])
    assert (again.create, again.update, again.delete) == ([], [], [])


def test_the_last_endpoint_goes_by_an_update_of_the_same_slice_and_comes_back_into_it() -> None:
    [made] = run(service(), [pod("p1")], []).create
    first = stored(made, "svc-a")
    gone = run(service(), [], [first])
    assert (gone.create, gone.delete) == ([], [])
    assert gone.update[0]["metadata"]["name"] == "svc-a"
    assert gone.update[0]["endpoints"] is None
    back = run(service(), [pod("p2")], gone.update)
    assert (back.create, back.delete) == ([], [])
    assert back.update[0]["ports"] == [{"name": "", "protocol": "TCP", "port": 8080}]


def test_two_hundred_and_fifty_endpoints_are_three_slices_and_nothing_is_rebalanced() -> None:
    pods = [pod(f"p{n}") for n in range(250)]
    slices = after([], run(service(), pods, []))
    assert [len(s["endpoints"]) for s in slices] == [100, 100, 50]
    fewer = [p for p in pods if p.ip not in addresses([slices[0]])[:60]]
    result = run(service(), fewer, slices)
    assert [len(s["endpoints"]) for s in result.update] == [40]
    assert (result.create, result.delete) == ([], [])


def test_new_endpoints_fill_slices_that_change_anyway_then_the_fullest_that_has_room() -> None:
    pods = [pod(f"p{n}") for n in range(150)]
    slices = after([], run(service(), pods, []))
    grown = run(service(), [*pods, pod("p200")], slices)
    assert [s["metadata"]["name"] for s in grown.update] == [slices[1]["metadata"]["name"]]
    exchanged = run(service(), [*pods[1:], pod("p200")], slices)
    assert [s["metadata"]["name"] for s in exchanged.update] == [slices[0]["metadata"]["name"]]
    assert len(exchanged.update[0]["endpoints"]) == 100


def test_pods_whose_named_port_differs_are_in_different_slices() -> None:
    svc = service(ports=[{"name": "web", "port": 80, "protocol": "TCP", "targetPort": "http"}])
    slices = run(svc, [pod("p1"), pod("p2", ports=(ContainerPort(9090, "http"),))], []).create
    assert [s["ports"][0]["port"] for s in slices] == [8080, 9090]
    assert [addresses([s]) for s in slices] == [["127.20.0.2"], ["127.20.0.3"]]


def test_conditions_follow_readiness_and_deletion() -> None:
    pods = [pod("p1", ready=False), pod("p2", terminating=True), pod("p3", terminating=True, ready=False)]
    [made] = run(service(), pods, []).create
    assert [tuple(e["conditions"].values()) for e in made["endpoints"]] == [
        (False, False, False),
        (False, True, True),
        (False, False, True),
    ]
    [made] = run(service(publishNotReadyAddresses=True), pods, []).create
    assert [e["conditions"]["ready"] for e in made["endpoints"]] == [True, True, True]


def test_pods_without_an_address_a_known_node_or_a_life_are_no_endpoints() -> None:
    pods = [pod("p1", ip=""), pod("p2", node="elsewhere"), pod("p3", phase="Succeeded"), pod("p4", node="node-2")]
    [made] = run(service(), pods, []).create
    assert addresses([made]) == ["127.20.0.5"]
    assert "zone" not in made["endpoints"][0]


def test_changed_labels_of_the_service_reach_its_slices_and_the_trigger_time_goes() -> None:
    slices = after([], run(service(), [pod("p1")], [], "2026-01-01T00:00:01Z"))
    svc = service()
    svc["metadata"]["labels"] = {"team": "red"}
    [changed] = run(svc, [pod("p1")], slices).update
    assert changed["metadata"]["labels"]["team"] == "red"
    assert changed["metadata"]["annotations"] == {}


def test_nothing_is_written_when_nothing_changed() -> None:
    pods = [pod(f"p{n}") for n in range(120)]
    slices = after([], run(service(), pods, []))
    result = run(service(), list(reversed(pods)), slices, "2026-01-01T00:00:09Z")
    assert (result.create, result.update, result.delete) == ([], [], [])


def test_each_family_has_slices_of_its_own() -> None:
    both, only_four = pod("p1", more_ips=("fd00::1",)), pod("p2")
    svc = service(ipFamilies=["IPv6", "IPv4"])
    six, four = run(svc, [both, only_four], []).create
    assert (six["addressType"], addresses([six])) == ("IPv6", ["fd00::1"])
    assert (four["addressType"], addresses([four])) == ("IPv4", [both.ip, only_four.ip])
    existing = [stored(six, "six"), stored(four, "four")]
    assert run(svc, [both, only_four], existing) == Plan()
    gone = run(svc, [only_four], existing)
    assert [(one["metadata"]["name"], one["endpoints"]) for one in gone.update if not one["endpoints"]] == [
        ("six", None)
    ]
    assert [one["metadata"]["name"] for one in run(service(ipFamilies=["IPv4"]), [both], existing).delete] == ["six"]


def test_a_pod_without_an_address_of_the_family_is_in_no_slice_of_it() -> None:
    [placeholder] = run(service(ipFamilies=["IPv6"]), [pod("p1")], []).create
    assert (placeholder["addressType"], placeholder["endpoints"]) == ("IPv6", None)
