"""lightkube, blocking and asyncio: typed objects, apply, pages, and its own watch that retries."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import lightkube
import pytest
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Pod
from lightkube.types import OnErrorAction, OnErrorResult, PatchType

from tests.conformance.clients.running import Running


@pytest.fixture
def configuration(kubeconfig: Path) -> lightkube.KubeConfig:
    return lightkube.KubeConfig.from_file(kubeconfig)


@pytest.fixture
def api(configuration: lightkube.KubeConfig, namespace: str) -> Iterator[lightkube.Client]:
    with lightkube.Client(configuration, namespace=namespace, field_manager="lightkube") as api:
        yield api


def a_map(name: str, value: str = "1") -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name), data={"value": value})


def again(error: Exception, count: int) -> OnErrorResult:
    """Retry soon, as programs do: a server that restarts is not there for a moment."""
    return OnErrorResult(OnErrorAction.RETRY if count < 50 else OnErrorAction.RAISE, sleep=0.05)


def test_an_object_lives_from_create_to_delete(api: lightkube.Client) -> None:
    made = api.create(a_map("a"))
    made.data = {"value": "2"}
    assert api.replace(made).data == {"value": "2"}
    assert api.patch(ConfigMap, "a", {"data": {"more": "3"}}, patch_type=PatchType.MERGE).data["more"] == "3"
    applied = api.apply(a_map("a", "9"), force=True)
    assert applied.data["value"] == "9"
    assert "lightkube" in [entry.manager for entry in applied.metadata.managedFields]
    api.delete(ConfigMap, "a")
    with pytest.raises(ApiError) as gone:
        api.get(ConfigMap, "a")
    assert (gone.value.status.code, gone.value.status.reason) == (404, "NotFound")


def test_pages_and_selectors_give_every_object_once(api: lightkube.Client) -> None:
    for index in range(5):
        one = a_map(f"m-{index}")
        one.metadata.labels = {"parity": "odd" if index % 2 else "even"}
        api.create(one)
    names = [item.metadata.name for item in api.list(ConfigMap, chunk_size=2, labels={"parity": ["odd", "even"]})]
    assert names == [f"m-{index}" for index in range(5)]
    assert [item.metadata.name for item in api.list(ConfigMap, labels={"parity": "odd"})] == ["m-1", "m-3"]


def test_a_deployment_is_typed_and_its_scale_is_patched(api: lightkube.Client) -> None:
    container = {"name": "main", "image": "nginx:1"}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container]}}
    made = api.create(
        Deployment.from_dict(
            {
                "metadata": {"name": "web"},
                "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": template},
            }
        )
    )
    assert made.spec.strategy.type == "RollingUpdate"
    api.patch(Deployment.Scale, "web", {"spec": {"replicas": 2}}, patch_type=PatchType.MERGE)
    for _, deployment in api.watch(Deployment, fields={"metadata.name": "web"}, server_timeout=10):
        if deployment.status and deployment.status.availableReplicas == 2:
            break
    assert [pod.status.phase for pod in api.list(Pod, labels={"app": "x"})] == ["Running", "Running"]


def test_its_watch_goes_on_through_cut_restart_and_expiry(
    simulator: Running, configuration: lightkube.KubeConfig, api: lightkube.Client, namespace: str
) -> None:
    api.create(a_map("first"))
    held: dict[str, str] = {}
    more, ended = threading.Condition(), threading.Event()

    def follow_once(own: lightkube.Client) -> None:
        listed = own.list(ConfigMap)
        found = {obj.metadata.name: (obj.data or {}).get("value", "") for obj in listed}
        with more:
            held.clear()
            held.update(found)
            more.notify_all()
        for type, obj in own.watch(ConfigMap, resource_version=listed.resourceVersion, on_error=again):
            with more:
                if type == "DELETED":
                    held.pop(obj.metadata.name, None)
                else:
                    held[obj.metadata.name] = (obj.data or {}).get("value", "")
                more.notify_all()
            if "last" in held:
                return

    def follow() -> None:
        with lightkube.Client(configuration, namespace=namespace) as own:
            while "last" not in held:
                try:
                    follow_once(own)
                except httpx2.TransportError:  # it does not retry where nobody listens
                    ended.wait(0.05)

    def until(name: str, there: bool = True) -> None:
        with more:
            assert more.wait_for(lambda: (name in held) == there, 10), f"{name}: {held}"

    follower = threading.Thread(target=follow)
    follower.start()
    until("first")
    simulator.fault("cut", namespace)
    api.create(a_map("second"))
    until("second")
    simulator.restart()
    api.delete(ConfigMap, "first")
    until("first", there=False)
    simulator.fault("expired", namespace)
    simulator.fault("end", namespace)
    api.create(a_map("last", "9"))
    follower.join(10)
    held.pop("kube-root-ca.crt", None)
    assert held == {"second": "1", "last": "9"}


async def test_the_asyncio_client_creates_watches_and_lists(
    configuration: lightkube.KubeConfig, namespace: str
) -> None:
    async with lightkube.AsyncClient(configuration, namespace=namespace) as api:
        made = await api.create(a_map("a"))
        await api.create(a_map("b"))
        await api.delete(ConfigMap, "a")
        seen = []
        async for type, obj in api.watch(ConfigMap, resource_version=made.metadata.resourceVersion):
            seen.append((type, obj.metadata.name))
            if type == "DELETED":
                break
        assert seen == [("ADDED", "b"), ("DELETED", "a")]
        names = [obj.metadata.name async for obj in api.list(ConfigMap)]
        assert "b" in names


async def test_the_asyncio_clients_watch_goes_on_through_cut_restart_and_expiry(
    simulator: Running, configuration: lightkube.KubeConfig, namespace: str
) -> None:
    held: dict[str, str] = {}
    more, restarted = asyncio.Event(), asyncio.Event()

    async def follow(api: lightkube.AsyncClient) -> None:
        while True:
            listed = api.list(ConfigMap)
            try:
                found = {obj.metadata.name: (obj.data or {}).get("value", "") async for obj in listed}
                held.clear()
                held.update(found)
                more.set()
                async for type, obj in api.watch(ConfigMap, resource_version=listed.resourceVersion, on_error=again):
                    if type == "DELETED":
                        held.pop(obj.metadata.name, None)
                    else:
                        held[obj.metadata.name] = (obj.data or {}).get("value", "")
                    more.set()
            except httpx2.TransportError:  # it does not retry where nobody listens
                await restarted.wait()

    async def until(name: str, there: bool = True) -> None:
        async with asyncio.timeout(10):
            while (name in held) != there:
                more.clear()
                await more.wait()

    async with lightkube.AsyncClient(configuration, namespace=namespace) as api:
        await api.create(a_map("first"))
        async with lightkube.AsyncClient(configuration, namespace=namespace) as own:
            follower = asyncio.ensure_future(follow(own))
            await until("first")
            simulator.fault("cut", namespace)
            await api.create(a_map("second"))
            await until("second")
            await asyncio.to_thread(simulator.restart)
            restarted.set()
            await api.delete(ConfigMap, "first")
            await until("first", there=False)
            simulator.fault("expired", namespace)
            simulator.fault("end", namespace)
            await api.create(a_map("last", "9"))
            await until("last")
            follower.cancel()
            await asyncio.wait({follower})
    held.pop("kube-root-ca.crt", None)
    assert held == {"second": "1", "last": "9"}
