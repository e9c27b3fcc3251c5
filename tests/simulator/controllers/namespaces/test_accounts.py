from __future__ import annotations

import asyncio
import base64

from simulator.controllers.cluster import Ref
from tests.simulator.world import World, simulate


def test_every_namespace_has_a_default_account_and_gets_it_back() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(0.1)
        for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
            assert [a["metadata"]["name"] for a in world.list("serviceaccounts", name)] == ["default"]
        world.cluster.delete(Ref("serviceaccounts", "default", "default"))
        await asyncio.sleep(0.1)
        assert len(world.list("serviceaccounts", "default")) == 1

    simulate(story)


def test_a_token_secret_is_filled_and_goes_with_its_account() -> None:
    async def story(world: World) -> None:
        world.apply("token.yml")
        await asyncio.sleep(0.1)
        secret = world.get("secrets", "edge-reader-token")
        account = world.get("serviceaccounts", "edge-reader")
        assert {key: base64.b64decode(value) for key, value in secret["data"].items()} == {
            "namespace": b"default",
            "token": b"signed",
        }
        annotations = secret["metadata"]["annotations"]
        assert annotations["kubernetes.io/service-account.uid"] == account["metadata"]["uid"]
        world.cluster.delete(Ref("serviceaccounts", "default", "edge-reader"))
        await asyncio.sleep(0.1)
        assert world.cluster.get("secrets", "default", "edge-reader-token") is None

    simulate(story)


def test_a_token_secret_of_nobody_is_deleted() -> None:
    async def story(world: World) -> None:
        metadata = {
            "name": "lost",
            "namespace": "default",
            "annotations": {"kubernetes.io/service-account.name": "nobody"},
        }
        world.cluster.create("secrets", {"metadata": metadata, "type": "kubernetes.io/service-account-token"})
        await asyncio.sleep(0.1)
        assert world.cluster.get("secrets", "default", "lost") is None

    simulate(story)
