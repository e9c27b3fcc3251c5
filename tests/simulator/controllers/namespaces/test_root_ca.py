"""The certificate authority that every namespace knows."""

from __future__ import annotations

import asyncio

from simulator.controllers.cluster import Ref
from simulator.controllers.namespaces.root_ca import NAME
from tests.simulator.world import World, simulate


def test_every_namespace_has_it_whatever_is_done_to_it() -> None:
    async def story(world: World) -> None:
        world.cluster.create("namespaces", {"metadata": {"name": "team-a"}, "spec": {"finalizers": ["kubernetes"]}})
        await asyncio.sleep(1)
        for namespace in ("default", "kube-system", "team-a"):
            assert world.get("configmaps", NAME, namespace)["data"] == {"ca.crt": ""}
        found = world.get("configmaps", NAME)
        world.cluster.update("configmaps", {**found, "data": {}})
        world.cluster.delete(Ref("configmaps", "team-a", NAME))
        await asyncio.sleep(1)
        for namespace in ("default", "team-a"):
            assert world.get("configmaps", NAME, namespace)["data"] == {"ca.crt": ""}

    simulate(story)


def test_a_namespace_that_ends_does_not_get_it_back() -> None:
    async def story(world: World) -> None:
        world.cluster.create("namespaces", {"metadata": {"name": "team-a"}, "spec": {"finalizers": ["kubernetes"]}})
        await asyncio.sleep(1)
        world.cluster.delete(Ref("namespaces", "", "team-a"))
        await asyncio.sleep(30)
        assert world.cluster.get("namespaces", None, "team-a") is None
        assert world.list("configmaps", "team-a") == []

    simulate(story)
