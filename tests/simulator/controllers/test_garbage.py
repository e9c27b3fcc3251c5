from __future__ import annotations

import asyncio

from simulator.controllers.cluster import Ref
from tests.simulator.world import World, simulate

DEPLOYMENT = Ref("deployments.apps", "default", "test-hello")


def counts(world: World) -> list[int]:
    kinds = ("deployments.apps", "replicasets.apps", "pods", "endpointslices.discovery.k8s.io", "endpoints")
    return [len(world.list(kind)) for kind in kinds]


def test_a_deployment_takes_its_sets_and_pods_with_it_and_a_service_its_slices() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        assert counts(world) == [1, 1, 1, 2, 2]
        world.cluster.delete(DEPLOYMENT)
        world.cluster.delete(Ref("services", "default", "test-hello"))
        await asyncio.sleep(5)
        assert counts(world) == [0, 0, 0, 1, 1]  # what is left belongs to the Service `kubernetes`

    simulate(story)


def test_in_the_foreground_the_owner_goes_last() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        start = world.store.revision
        world.cluster.delete(DEPLOYMENT, propagation="Foreground")
        await asyncio.sleep(1)
        assert world.get("deployments.apps", "test-hello")["metadata"]["finalizers"] == ["foregroundDeletion"]
        await asyncio.sleep(5)
        gone = [event.resource.key for event in world.log if event.type == "DELETED" and event.revision > start]
        assert gone == ["pods", "replicasets.apps", "deployments.apps"]

    simulate(story)


def test_orphans_stay_and_are_adopted_again() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(5)
        [replica_set] = world.list("replicasets.apps")
        ref = Ref("replicasets.apps", "default", replica_set["metadata"]["name"])
        [before] = world.list("pods")
        world.cluster.delete(DEPLOYMENT, propagation="Orphan")
        await asyncio.sleep(5)
        assert counts(world)[:3] == [0, 1, 1]
        world.cluster.delete(ref, propagation="Orphan")
        await asyncio.sleep(5)
        [orphan] = world.list("pods")
        assert "ownerReferences" not in orphan["metadata"]
        again = {"name": "again", "namespace": "default"}
        world.cluster.create("replicasets.apps", {"metadata": again, "spec": replica_set["spec"]})
        await asyncio.sleep(5)
        [after] = world.list("pods")
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        assert after["metadata"]["ownerReferences"][0]["controller"] is True

    simulate(story)


def test_what_names_an_owner_that_never_was_is_deleted() -> None:
    async def story(world: World) -> None:
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "0"}
        metadata = {"name": "orphan", "namespace": "default", "ownerReferences": [owner]}
        world.cluster.create("configmaps", {"metadata": metadata})
        await asyncio.sleep(1)
        assert world.cluster.get("configmaps", "default", "orphan") is None

    simulate(story)


def test_a_deleted_namespace_is_emptied_first() -> None:
    async def story(world: World) -> None:
        metadata = {"name": "team-a"}
        world.cluster.create("namespaces", {"metadata": metadata, "spec": {"finalizers": ["kubernetes"]}})
        world.cluster.create("configmaps", {"metadata": {"name": "settings", "namespace": "team-a"}})
        pod = {"containers": [{"name": "c", "image": "i"}]}
        world.cluster.create("pods", {"metadata": {"name": "one", "namespace": "team-a"}, "spec": pod})
        await asyncio.sleep(1)
        start = world.store.revision
        world.cluster.delete(Ref("namespaces", "", "team-a"))
        await asyncio.sleep(4)
        waiting = world.get("namespaces", "team-a")
        assert waiting["status"] == {"phase": "Terminating"}, "a real cluster begins after 5 s"
        assert world.get("configmaps", "settings", "team-a")
        await asyncio.sleep(2)
        waiting = world.get("namespaces", "team-a")
        said = {c["type"]: (c["status"], c["message"]) for c in waiting["status"]["conditions"]}
        assert said["NamespaceContentRemaining"][0] == "True"
        assert "pods. has 1 resource instances" in said["NamespaceContentRemaining"][1]
        await asyncio.sleep(5)
        assert world.cluster.get("namespaces", None, "team-a") is None
        last = [event for event in world.log if event.revision > start][-1]
        assert (last.type, last.resource.key) == ("DELETED", "namespaces")
        assert all(c["status"] == "False" for c in last.object["status"]["conditions"])

    simulate(story)
