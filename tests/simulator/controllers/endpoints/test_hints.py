"""Hints on made-up endpoints, and on a whole cluster."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.cluster.boot import NODES
from simulator.controllers.endpoints.hints import hints, spread
from tests.simulator.world import World, simulate

Object = dict[str, Any]


def endpoint(zone: str, ready: bool = True, node: str = "n1") -> Object:
    return {"conditions": {"ready": ready}, "zone": zone, "nodeName": node}


def service(distribution: str = "", mode: str = "") -> Object:
    annotations = {"service.kubernetes.io/topology-mode": mode} if mode else {}
    return {"metadata": {"annotations": annotations}, "spec": {"trafficDistribution": distribution}}


def test_prefer_close_means_the_own_zone_for_what_is_ready() -> None:
    found = hints(service("PreferClose"), [endpoint("z1"), endpoint("z2", ready=False), endpoint("")], {})
    assert found == [{"forZones": [{"name": "z1"}]}, None, None]
    [both] = hints(service("PreferSameNode"), [endpoint("z1")], {})
    assert both == {"forZones": [{"name": "z1"}], "forNodes": [{"name": "n1"}]}
    assert hints(service(), [endpoint("z1")], {"z1": 8.0, "z2": 8.0}) == [None]


def test_auto_gives_zones_their_own_endpoints_and_the_rest_to_those_without() -> None:
    cpu = {"z1": 8.0, "z2": 8.0}
    assert spread([endpoint("z1"), endpoint("z2"), endpoint("z1"), endpoint("z2")], cpu) == ["z1", "z2", "z1", "z2"]
    lopsided = spread([endpoint("z1")] * 4, cpu)
    assert sorted(lopsided) == ["z1", "z1", "z2", "z2"]
    assert sorted(spread([endpoint("z3")] * 4, cpu)) == ["z1", "z1", "z2", "z2"]


def test_auto_gives_in_proportion_to_the_cores() -> None:
    found = spread([endpoint("z1")] * 12, {"z1": 16.0, "z2": 8.0})
    assert 4 <= found.count("z2") + 1 <= 6
    assert "" not in found


def test_auto_gives_no_hints_where_they_would_overload_a_zone() -> None:
    cpu = {"z1": 8.0, "z2": 8.0}
    assert spread([endpoint("z1")], cpu) == [""]
    assert spread([endpoint("z1")] * 3, cpu) == [""] * 3
    assert spread([endpoint("z1")] * 4, {"z1": 8.0}) == [""] * 4
    assert spread([endpoint("z1"), endpoint("z2"), endpoint(""), endpoint("z2")], cpu) == [""] * 4
    assert hints(service("PreferClose", "Auto"), [endpoint("z1")], cpu) == [None]


def test_a_service_that_prefers_near_endpoints_hints_them_and_later_no_more() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.scale("test-hello", 3)
        await asyncio.sleep(3)
        for distribution in ("PreferClose", None):
            found = world.get("services", "test-hello")
            found["spec"]["trafficDistribution"] = distribution
            world.cluster.update("services", found)
            await asyncio.sleep(1)
            [one] = [s for s in world.list("endpointslices.discovery.k8s.io") if s["metadata"]["name"] != "kubernetes"]
            said = [(e["zone"], [z["name"] for z in e.get("hints", {}).get("forZones", [])]) for e in one["endpoints"]]
            assert sorted(said) == [(z, [z] if distribution else []) for z in ("z1", "z2", "z3")]

    simulate(story, nodes=NODES)
