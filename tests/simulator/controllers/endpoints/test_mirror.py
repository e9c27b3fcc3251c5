"""Endpoints that are kept by hand."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.controllers.cluster import Ref
from simulator.controllers.endpoints.mirror import CONTROLLER, mirrored, plan
from tests.simulator.world import World, simulate

Object = dict[str, Any]


def endpoints(*subsets: Object, **metadata: Any) -> Object:
    place = {"name": "legacy", "namespace": "default", "uid": "u"}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": {**place, **metadata}, "subsets": list(subsets)}


def subset(port: int, *ips: str, unready: tuple[str, ...] = ()) -> Object:
    return {
        "addresses": [{"ip": ip} for ip in ips],
        "notReadyAddresses": [{"ip": ip} for ip in unready],
        "ports": [{"port": port}],
    }


def test_each_subset_and_family_is_a_slice() -> None:
    found = plan(endpoints(subset(80, "10.0.0.1", "fd00::1", unready=("10.0.0.2",)), subset(81, "10.0.0.3")), [])
    said = [
        (one["addressType"], one["ports"][0]["port"], [(e["addresses"][0], e["conditions"]) for e in one["endpoints"]])
        for one in found.create
    ]
    assert said == [
        ("IPv4", 80, [("10.0.0.1", {"ready": True}), ("10.0.0.2", {"ready": False})]),
        ("IPv6", 80, [("fd00::1", {"ready": True})]),
        ("IPv4", 81, [("10.0.0.3", {"ready": True})]),
    ]


def test_slices_are_updated_in_place_and_left_alone_when_nothing_changed() -> None:
    [made] = plan(endpoints(subset(80, "10.0.0.1")), []).create
    again = plan(endpoints(subset(80, "10.0.0.1")), [made])
    assert (again.create, again.update, again.delete) == ([], [], [])
    changed = plan(endpoints(subset(80, "10.0.0.2")), [made])
    assert [e["addresses"] for e in changed.update[0]["endpoints"]] == [["10.0.0.2"]]
    moved = plan(endpoints(subset(90, "10.0.0.1")), [made])
    assert (len(moved.create), moved.delete) == (1, [made])


def test_only_endpoints_of_a_service_without_selector_are_mirrored() -> None:
    service: Object = {"spec": {}}
    assert mirrored(endpoints(), service)
    assert not mirrored(endpoints(), None)
    assert not mirrored(endpoints(), {"spec": {"selector": {"app": "a"}}})
    assert not mirrored(endpoints(labels={"endpointslice.kubernetes.io/skip-mirror": "true"}), service)


def test_endpoints_kept_by_hand_appear_as_slices_and_go_with_their_service() -> None:
    async def story(world: World) -> None:
        place = {"name": "legacy", "namespace": "default"}
        world.cluster.create("services", {"metadata": place, "spec": {"ports": [{"port": 80}]}})
        made = {"metadata": place, "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]}
        world.cluster.create("endpoints", made)
        await asyncio.sleep(1)
        [found] = [s for s in world.list("endpointslices.discovery.k8s.io") if s["metadata"]["name"] != "kubernetes"]
        labels = found["metadata"]["labels"]
        assert labels["endpointslice.kubernetes.io/managed-by"] == CONTROLLER
        assert labels["kubernetes.io/service-name"] == "legacy"
        assert [e["addresses"] for e in found["endpoints"]] == [["10.0.0.1"]]
        revision = world.store.revision
        await asyncio.sleep(60)
        assert world.store.revision == revision
        world.cluster.delete(Ref("services", "default", "legacy"))
        await asyncio.sleep(1)
        assert [s["metadata"]["name"] for s in world.list("endpointslices.discovery.k8s.io")] == ["kubernetes"]

    simulate(story)
