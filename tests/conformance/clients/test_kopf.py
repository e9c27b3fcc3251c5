"""A kopf operator: it sees an object made, changed and deleted, also across a restart, and its finalizer is kept to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import kopf
import pytest
from kubernetes import client

from tests.conformance.clients.running import Running


class Operator:
    """One operator on the ConfigMaps of a namespace, run as `kopf run` does; what its handlers were told."""

    def __init__(self, namespace: str) -> None:
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
            on = getattr(kopf.on, event)("configmaps", registry=self._registry, id=event, labels={"app": "x"})
            on(self._handler(event))

    @staticmethod
    def _login(**arguments: Any) -> Any:
        return kopf.login_with_kubeconfig(**arguments)

    def _handler(self, event: str) -> Any:
        async def handler(name: str, **_: Any) -> None:
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


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:kopf")  # kopf's own calls, nothing of this project
async def test_an_operator_is_told_of_create_update_and_delete(
    simulator: Running, admin: client.ApiClient, kubeconfig: Path, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
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
