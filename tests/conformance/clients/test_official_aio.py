"""The official asyncio client: objects, and a list → watch → reconnect program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio import client, config, watch
from kubernetes.aio.client.exceptions import ApiException

from tests.conformance.clients.running import Running


@pytest.fixture
async def core(kubeconfig: Path) -> AsyncIterator[Any]:
    configuration = client.Configuration()
    await config.load_kube_config(str(kubeconfig), client_configuration=configuration, persist_config=False)
    async with client.ApiClient(configuration) as api:
        yield client.CoreV1Api(api)


def a_map(name: str, value: str = "1") -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": {"value": value}}


async def test_an_object_lives_from_create_to_delete(core: Any, namespace: str) -> None:
    made = await core.create_namespaced_config_map(namespace, a_map("a"))
    patched = await core.patch_namespaced_config_map("a", namespace, {"data": {"value": "2"}})
    assert int(patched.metadata.resource_version) > int(made.metadata.resource_version)
    found = await core.list_namespaced_config_map(namespace, field_selector="metadata.name=a")
    assert [item.data for item in found.items] == [{"value": "2"}]
    await core.delete_namespaced_config_map("a", namespace)
    with pytest.raises(ApiException) as gone:
        await core.read_namespaced_config_map("a", namespace)
    assert gone.value.status == 404


async def follow(core: Any, namespace: str, version: str, held: dict[str, str], more: asyncio.Event) -> None:
    """List → watch, resuming when the stream breaks and listing again when the version has expired."""
    while True:
        async with watch.Watch() as stream:
            try:
                async for event in stream.stream(
                    core.list_namespaced_config_map, namespace, resource_version=version, allow_watch_bookmarks=True
                ):
                    if event["type"] != "BOOKMARK":
                        take(held, event["type"], event["object"])
                        more.set()
                    version = stream.resource_version
            except ApiException as error:
                if error.status != 410:
                    raise
                found = await core.list_namespaced_config_map(namespace)
                held.clear()
                for item in found.items:
                    take(held, "ADDED", item)
                version = found.metadata.resource_version
                more.set()
            except (OSError, client.rest.aiohttp.ClientError):
                await asyncio.sleep(0.05)


def take(held: dict[str, str], type: str, obj: Any) -> None:
    if type == "DELETED":
        held.pop(obj.metadata.name, None)
    else:
        held[obj.metadata.name] = (obj.data or {}).get("value", "")


async def test_a_followers_state_equals_a_fresh_list_after_restart_cut_and_expiry(
    simulator: Running, core: Any, namespace: str
) -> None:
    found = await core.list_namespaced_config_map(namespace)
    held, more = {}, asyncio.Event()
    follower = asyncio.create_task(follow(core, namespace, found.metadata.resource_version, held, more))

    async def until(name: str) -> None:
        async with asyncio.timeout(10):
            while name not in held:
                more.clear()
                await more.wait()

    await core.create_namespaced_config_map(namespace, a_map("a"))
    await until("a")
    await asyncio.to_thread(simulator.restart)
    await core.create_namespaced_config_map(namespace, a_map("b"))
    await until("b")
    simulator.fault("cut", namespace)
    await core.patch_namespaced_config_map("a", namespace, {"data": {"value": "2"}})
    await core.create_namespaced_config_map(namespace, a_map("c"))
    await until("c")
    simulator.fault("expired", namespace, times=2)
    simulator.fault("end", namespace)
    await core.delete_namespaced_config_map("b", namespace)
    await core.create_namespaced_config_map(namespace, a_map("d"))
    await until("d")
    held.pop("kube-root-ca.crt", None)
    assert held == {"a": "2", "c": "1", "d": "1"}
    follower.cancel()
