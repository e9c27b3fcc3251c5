from __future__ import annotations

from simulator.controllers.endpoints.subsets import desired, subsets
from tests.simulator.controllers.pods_for_tests import pod, service


def test_ready_and_unready_addresses_are_apart_and_terminating_ones_absent() -> None:
    found, truncated = subsets(service(), [pod("p2"), pod("p1", ready=False), pod("p3", terminating=True)])
    assert not truncated
    assert found == [
        {
            "addresses": [
                {
                    "ip": "127.20.0.3",
                    "nodeName": "node-1",
                    "targetRef": {"kind": "Pod", "namespace": "default", "name": "p2", "uid": "uid-p2"},
                }
            ],
            "notReadyAddresses": [
                {
                    "ip": "127.20.0.2",
                    "nodeName": "node-1",
                    "targetRef": {"kind": "Pod", "namespace": "default", "name": "p1", "uid": "uid-p1"},
                }
            ],
            "ports": [{"port": 8080, "protocol": "TCP"}],
        }
    ]


def test_a_thousand_addresses_are_kept_ready_ones_first() -> None:
    pods = [pod(f"p{n}", ready=n >= 200) for n in range(1150)]
    made = desired(service(), pods, None, None)
    [subset] = made["subsets"]
    assert len(subset["addresses"]) == 950
    assert len(subset["notReadyAddresses"]) == 50
    assert made["metadata"]["annotations"] == {"endpoints.kubernetes.io/over-capacity": "truncated"}


def test_unchanged_addresses_keep_the_object_as_it_is() -> None:
    first = desired(service(), [pod("p1")], None, "2026-01-01T00:00:01Z")
    assert desired(service(), [pod("p1")], first, "2026-01-01T00:00:09Z") == first
    empty = desired(service(), [], first, None)
    assert "subsets" not in empty
    assert empty["metadata"]["labels"]["endpoints.kubernetes.io/managed-by"] == "endpoint-controller"


def test_only_the_first_family_is_shown() -> None:
    pods = [pod("p2", more_ips=("fd00::b",)), pod("p1", more_ips=("fd00::a",)), pod("p3")]
    [subset], _ = subsets(service(ipFamilies=["IPv6", "IPv4"]), pods)
    assert [one["ip"] for one in subset["addresses"]] == ["fd00::a", "fd00::b"]
    [subset], _ = subsets(service(ipFamilies=["IPv4", "IPv6"]), pods)
    assert [one["ip"] for one in subset["addresses"]] == [pods[1].ip, pods[0].ip, pods[2].ip]
