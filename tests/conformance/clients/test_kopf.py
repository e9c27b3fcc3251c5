"""kopf operators, of ConfigMaps and of a kind of their own: told of everything, across restarts, cuts and expiries."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kopf
import pytest
from kubernetes import client

from tests.conformance.clients.running import Running

# Of kopf's own calls, nothing of this project.
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:kopf")


class Operator:
    """One operator on a kind in a namespace, run as `kopf run` does; what its handlers were told."""

    def __init__(self, namespace: str, *kind: str) -> None:
        self._kind = kind or ("configmaps",)
        self.told: list[tuple[str, str]] = []
        self._more = asyncio.Event()
        self._registry = kopf.OperatorRegistry()
        self._ready, self._stop = asyncio.Event(), asyncio.Event()
        self._namespace = namespace
        self._settings = kopf.OperatorSettings()
        self._settings.posting.enabled = False
        self._settings.watching.reconnect_backoff = 0.05
        self._settings.networking.error_backoffs = [0.05] * 50
        kopf.on.login(registry=self._registry)(self._login)
        for event in ("create", "update", "delete"):
            on = getattr(kopf.on, event)(*self._kind, registry=self._registry, id=event, labels={"app": "x"})
            on(self._handler(event))

    @staticmethod
    def _login(**arguments: Any) -> Any:
        return kopf.login_with_kubeconfig(**arguments)

    def _handler(self, event: str) -> Any:
        async def handler(name: str, patch: kopf.Patch, **_: Any) -> None:
            if event != "delete" and len(self._kind) > 1:
                patch.status["seen"] = event
            self.told.append((event, name))
            self._more.set()

        return handler

    async def run(self) -> None:
        await kopf.operator(
            registry=self._registry,
            settings=self._settings,
            standalone=True,
            namespaces=[self._namespace],
            ready_flag=self._ready,
            stop_flag=self._stop,
        )

    async def ready(self) -> None:
        async with asyncio.timeout(15):
            await self._ready.wait()

    async def until(self, told: tuple[str, str]) -> None:
        async with asyncio.timeout(15):
            while told not in self.told:
                self._more.clear()
                await self._more.wait()

    def end(self) -> None:
        self._stop.set()


@pytest.fixture(autouse=True)
def the_kubeconfig_is_found(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))


async def test_an_operator_is_told_of_create_update_and_delete(
    simulator: Running, admin: client.ApiClient, namespace: str
) -> None:
    core = client.CoreV1Api(admin)
    operator = Operator(namespace)
    running = asyncio.create_task(operator.run())
    await operator.ready()

    def make(name: str) -> None:
        core.create_namespaced_config_map(
            namespace, {"metadata": {"name": name, "labels": {"app": "x"}}, "data": {"value": "1"}}
        )

    await asyncio.to_thread(make, "a")
    await operator.until(("create", "a"))
    made = await asyncio.to_thread(core.read_namespaced_config_map, "a", namespace)
    assert made.metadata.finalizers == ["kopf.zalando.org/KopfFinalizerMarker"]
    await asyncio.to_thread(simulator.restart)
    await asyncio.to_thread(core.patch_namespaced_config_map, "a", namespace, {"data": {"value": "2"}})
    await operator.until(("update", "a"))
    await asyncio.to_thread(core.delete_namespaced_config_map, "a", namespace)
    await operator.until(("delete", "a"))
    assert operator.told == [("create", "a"), ("update", "a"), ("delete", "a")]
    operator.end()
    await running


async def test_an_operator_misses_nothing_when_its_watch_is_cut_or_expires(
    simulator: Running, admin: client.ApiClient, namespace: str
) -> None:
    core = client.CoreV1Api(admin)
    operator = Operator(namespace)
    running = asyncio.create_task(operator.run())
    await operator.ready()

    async def make(name: str) -> None:
        body = {"metadata": {"name": name, "labels": {"app": "x"}}}
        await asyncio.to_thread(core.create_namespaced_config_map, namespace, body)
        await operator.until(("create", name))

    await make("a")
    for happens, name in (("cut", "b"), ("end", "c"), ("expired", "d")):
        fault = simulator.fault(happens, namespace)
        await make(name)
        assert simulator.used(fault) == 1, happens
    await asyncio.to_thread(core.delete_namespaced_config_map, "a", namespace)
    await operator.until(("delete", "a"))
    assert operator.told == [*(("create", name) for name in "abcd"), ("delete", "a")]
    operator.end()
    await running


@pytest.fixture
def gadgets(admin: client.ApiClient) -> Iterator[tuple[str, str, str]]:
    """A kind of its own, with a status, that goes with the test."""
    group = f"g{secrets.token_hex(4)}.example.com"
    names = {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"}
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": anything, "status": anything}}},
    }
    definitions = client.ApiextensionsV1Api(admin)
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    definitions.create_custom_resource_definition({"metadata": {"name": f"gadgets.{group}"}, "spec": spec})
    yield group, "v1", "gadgets"
    definitions.delete_custom_resource_definition(f"gadgets.{group}")


async def test_an_operator_of_a_kind_of_its_own_writes_its_status(
    simulator: Running, admin: client.ApiClient, namespace: str, gadgets: tuple[str, str, str]
) -> None:
    group, version, plural = gadgets
    objects = client.CustomObjectsApi(admin)
    operator = Operator(namespace, *gadgets)
    running = asyncio.create_task(operator.run())
    await operator.ready()

    def call(verb: str, *arguments: Any) -> Any:
        return getattr(objects, f"{verb}_namespaced_custom_object")(group, version, namespace, plural, *arguments)

    async def shows(seen: str) -> dict[str, Any]:
        async with asyncio.timeout(15):
            while True:
                found: dict[str, Any] = await asyncio.to_thread(call, "get", "one")
                if found.get("status", {}).get("seen") == seen:
                    return found
                await asyncio.sleep(0.05)

    body = {"apiVersion": f"{group}/v1", "kind": "Gadget", "metadata": {"name": "one", "labels": {"app": "x"}}}
    await asyncio.to_thread(call, "create", {**body, "spec": {"size": 1}})
    assert (await shows("create"))["metadata"]["generation"] == 1
    fault = simulator.fault("expired", namespace, resource="gadgets")
    await asyncio.to_thread(call, "patch", "one", {"spec": {"size": 2}})
    assert (await shows("update"))["metadata"]["generation"] == 2
    assert simulator.used(fault) == 1
    await asyncio.to_thread(call, "delete", "one")
    await operator.until(("delete", "one"))
    assert operator.told == [("create", "one"), ("update", "one"), ("delete", "one")]
    operator.end()
    await running
