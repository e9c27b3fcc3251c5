"""kr8s: its objects with methods, waits, scaling, and a watch that starts again when it expired."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import kr8s
import pytest
from kr8s.asyncio.objects import ConfigMap, Deployment

from tests.conformance.clients.running import Running

# kr8s knows versions up to 1.35 and says so to the 1.36 that is simulated.
# It forgets connections whenever it authenticates anew, and they may be collected at any moment.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported:UserWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def a_map(name: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "x"}},
        "data": {"value": "1"},
    }


@pytest.fixture
async def api(kubeconfig: Path, namespace: str) -> AsyncIterator[Any]:
    api = await kr8s.asyncio.api(kubeconfig=kubeconfig, namespace=namespace)
    yield api
    await api._session.aclose()  # it has no way of its own to close what it opened
    with warnings.catch_warnings():
        # It forgets connections whenever it authenticates anew; they are collected here, not in somebody else's test.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def test_an_object_lives_from_create_to_delete(api: Any, namespace: str) -> None:
    made = await ConfigMap(a_map("a", namespace), api=api)
    await made.create()
    assert await made.exists()
    await made.patch({"data": {"value": "2"}})
    await made.label(team="blue")
    found = [each async for each in api.get("configmaps", namespace=namespace, label_selector={"team": "blue"})]
    assert [each.data.value for each in found] == ["2"]
    await made.delete()
    assert not await made.exists()
    with pytest.raises(kr8s.NotFoundError):
        await ConfigMap.get("a", namespace=namespace, api=api)


async def test_a_deployment_is_waited_for_and_scaled(api: Any, namespace: str) -> None:
    container = {"name": "main", "image": "nginx:1"}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container]}}
    body = {
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": template},
    }
    made = await Deployment(body, api=api)
    await made.create()
    await made.wait("condition=Available", timeout=10)
    await made.scale(3)
    assert len([pod async for pod in api.get("pods", namespace=namespace)]) == 3
    async with asyncio.timeout(10):
        while not await made.ready():  # noqa: ASYNC110 kr8s offers no event for it
            await asyncio.sleep(0.05)


async def test_a_watch_ends_with_the_server_and_the_program_starts_another(
    simulator: Running, api: Any, namespace: str
) -> None:
    seen: list[tuple[str, str]] = []
    more = asyncio.Event()

    async def follow() -> None:
        since = None
        while True:
            try:
                async for event, obj in api.watch(
                    "configmaps", namespace=namespace, label_selector={"app": "x"}, since=since
                ):
                    since = obj.metadata.resourceVersion
                    seen.append((event, obj.name))
                    more.set()
            except Exception as error:
                seen.append(("broken", type(error).__name__))
            await asyncio.sleep(0.05)

    async def until(event: tuple[str, str]) -> None:
        async with asyncio.timeout(10):
            while event not in seen:
                more.clear()
                await more.wait()

    follower = asyncio.create_task(follow())
    for name, happens in (("a", None), ("b", "restart"), ("c", "end"), ("d", "cut")):
        if happens == "restart":
            await asyncio.to_thread(simulator.restart)
        elif happens is not None:
            simulator.fault(happens, namespace)
        await (await ConfigMap(a_map(name, namespace), api=api)).create()
        await until(("ADDED", name))
    follower.cancel()
    await asyncio.wait({follower})
    assert [event for event in seen if event[0] != "broken"] == [("ADDED", name) for name in "abcd"]


async def test_a_watch_that_expires_while_open_goes_on(simulator: Running, api: Any, namespace: str) -> None:
    made = await ConfigMap(a_map("a", namespace), api=api)
    await made.create()
    watching = api.watch("configmaps", namespace=namespace, label_selector={"app": "x"})
    assert (await anext(watching))[1].name == "a"
    simulator.fault("expired", namespace)
    await (await ConfigMap(a_map("b", namespace), api=api)).create()
    async with asyncio.timeout(10):
        event, obj = await anext(watching)
    assert (event, obj.name) == ("ADDED", "b")
    await watching.aclose()


async def test_a_version_that_is_forgotten_is_asked_for_until_the_program_lists_again(
    simulator: Running, api: Any, namespace: str
) -> None:
    """kr8s answers 410 with the same version again, at once, for ever: on any cluster a program has to notice."""
    made = await ConfigMap(a_map("a", namespace), api=api)
    await made.create()
    since = made.metadata.resourceVersion
    await made.patch({"data": {"value": "2"}})
    await made.patch({"data": {"value": "3"}})
    simulator.compact()
    watching = api.watch("configmaps", namespace=namespace, label_selector={"app": "x"}, since=since)
    first = asyncio.ensure_future(anext(watching))

    def asked() -> list[str]:
        requests = simulator.call(simulator.simulator.requests)
        return [one["query"] for one in requests if one["verb"] == "watch" and one.get("namespace") == namespace]

    async with asyncio.timeout(10):
        while len(asked()) < 3:  # noqa: ASYNC110 kr8s offers no event for it
            await asyncio.sleep(0.02)
    assert all(f"resourceVersion={since}" in query for query in asked())
    assert not first.done()
    first.cancel()
    await asyncio.wait({first})
    event, obj = await anext(api.watch("configmaps", namespace=namespace, label_selector={"app": "x"}))
    assert (event, obj.name, obj.data.value) == ("ADDED", "a", "3")
