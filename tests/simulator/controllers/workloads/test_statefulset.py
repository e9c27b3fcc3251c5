"""StatefulSets on a whole cluster, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.simulator.world import World, simulate

Object = dict[str, Any]


def make(world: World, replicas: int = 3, **spec: Any) -> None:
    labels = {"app": "web"}
    containers = [{"name": "c", "image": "web:1", "ports": [{"containerPort": 8080}]}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    fields = {"replicas": replicas, "serviceName": "web", "selector": {"matchLabels": labels}, "template": template}
    world.cluster.create(
        "services",
        {
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"clusterIP": "None", "selector": labels, "ports": [{"port": 8080}]},
        },
    )
    world.cluster.create(
        "statefulsets.apps", {"metadata": {"name": "web", "namespace": "default"}, "spec": {**fields, **spec}}
    )


def change(world: World, **spec: Any) -> None:
    found = world.get("statefulsets.apps", "web")
    image = spec.pop("image", None)
    found["spec"].update(spec)
    if image:
        found["spec"]["template"]["spec"]["containers"][0]["image"] = image
    world.cluster.update("statefulsets.apps", found)


def story_of(world: World, since: int = 0) -> list[str]:
    """What became of pods: +web-0 made, web-0! ready, -web-0 gone."""
    told: list[str] = []
    for kind, obj in world.events("pods", since):
        name = obj["metadata"]["name"]
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in obj["status"].get("conditions") or [])
        word = f"+{name}" if kind == "ADDED" else f"-{name}" if kind == "DELETED" else f"{name}!" if ready else ""
        if word and word not in told:
            told.append(word)
    return told


def images(world: World) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in world.list("pods")}


def test_pods_start_and_stop_in_order() -> None:
    async def story(world: World) -> None:
        make(world)
        await asyncio.sleep(5)
        assert story_of(world) == ["+web-0", "web-0!", "+web-1", "web-1!", "+web-2", "web-2!"]
        start = world.store.revision
        change(world, replicas=1)
        await asyncio.sleep(10)
        assert [word for word in story_of(world, start) if word.startswith("-")] == ["-web-2", "-web-1"]
        status = world.get("statefulsets.apps", "web")["status"]
        assert (status["replicas"], status["readyReplicas"], status["availableReplicas"]) == (1, 1, 1)

    simulate(story)


def test_with_min_ready_seconds_each_waits_for_the_one_before() -> None:
    async def story(world: World) -> None:
        make(world, minReadySeconds=10)
        for pods, second in ((1, 5), (2, 12), (3, 24)):
            await asyncio.sleep(second - asyncio.get_running_loop().time())
            assert len(world.list("pods")) == pods
        await asyncio.sleep(12)
        assert world.get("statefulsets.apps", "web")["status"]["availableReplicas"] == 3

    simulate(story)


def test_in_parallel_all_start_at_once() -> None:
    async def story(world: World) -> None:
        make(world, podManagementPolicy="Parallel")
        await asyncio.sleep(0.1)
        assert sorted(images(world)) == ["web-0", "web-1", "web-2"]

    simulate(story)


def test_a_pod_has_its_name_as_host_name_in_its_headless_service() -> None:
    async def story(world: World) -> None:
        make(world, replicas=1)
        await asyncio.sleep(2)
        pod = world.get("pods", "web-0")
        assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-0", "web")
        labels = pod["metadata"]["labels"]
        assert labels["statefulset.kubernetes.io/pod-name"] == "web-0"
        assert labels["apps.kubernetes.io/pod-index"] == "0"
        assert labels["controller-revision-hash"] == world.get("statefulsets.apps", "web")["status"]["currentRevision"]
        [found] = [s for s in world.list("endpointslices.discovery.k8s.io") if s["metadata"]["name"] != "kubernetes"]
        assert [endpoint["hostname"] for endpoint in found["endpoints"]] == ["web-0"]

    simulate(story)


def test_a_new_image_goes_from_the_highest_ordinal_down_to_the_partition() -> None:
    async def story(world: World) -> None:
        make(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
        await asyncio.sleep(5)
        change(world, image="web:2")
        await asyncio.sleep(15)
        assert images(world) == {"web-0": "web:1", "web-1": "web:2", "web-2": "web:2"}
        status = world.get("statefulsets.apps", "web")["status"]
        assert status["currentRevision"] != status["updateRevision"]
        assert (status["currentReplicas"], status["updatedReplicas"]) == (1, 2)
        gone = [word for word in story_of(world) if word.startswith("-")]
        assert gone == ["-web-2", "-web-1"]
        change(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
        await asyncio.sleep(10)
        assert images(world)["web-0"] == "web:2"
        status = world.get("statefulsets.apps", "web")["status"]
        assert status["currentRevision"] == status["updateRevision"]
        assert len(world.list("controllerrevisions.apps")) == 2

    simulate(story)


def test_a_template_that_comes_back_gets_its_old_revision_with_the_newest_number() -> None:
    async def story(world: World) -> None:
        make(world, replicas=1)
        for image in ("web:2", "web:1"):
            await asyncio.sleep(5)
            change(world, image=image)
        await asyncio.sleep(5)
        assert images(world) == {"web-0": "web:1"}
        assert sorted(one["revision"] for one in world.list("controllerrevisions.apps")) == [2, 3]

    simulate(story)


def test_a_deleted_pod_comes_back_under_its_name() -> None:
    async def story(world: World) -> None:
        make(world)
        await asyncio.sleep(5)
        before = world.get("pods", "web-1")["metadata"]["uid"]
        [ref] = [ref for ref in world.cluster.refs["pods"] if ref.name == "web-1"]
        world.cluster.delete(ref)
        await asyncio.sleep(5)
        assert world.get("pods", "web-1")["metadata"]["uid"] != before

    simulate(story)


def test_each_pod_claims_its_own_volume_and_finds_it_again() -> None:
    async def story(world: World) -> None:
        template = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
        make(world, replicas=2, volumeClaimTemplates=[template])
        await asyncio.sleep(5)
        assert [c["metadata"]["name"] for c in world.list("persistentvolumeclaims")] == ["data-web-0", "data-web-1"]
        volume = world.get("pods", "web-1")["spec"]["volumes"][0]
        assert volume == {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-1"}}
        change(world, replicas=1)
        await asyncio.sleep(5)
        assert len(world.list("persistentvolumeclaims")) == 2

    simulate(story)
