"""One simulator (or live cluster) for all clients; each test has a namespace of its own in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from tests.conformance.clients.running import Running


@pytest.fixture(scope="session")
def running(live_kubeconfig: Path | None) -> Iterator[Running | None]:
    if live_kubeconfig is not None:
        yield None
        return
    running = Running()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def simulator(running: Running | None) -> Iterator[Running]:
    """For what only a simulator can be told: faults, restarts, compaction."""
    if running is None:
        pytest.skip("a live cluster cannot be told to fail, restart or forget its history")
    yield running
    running.call(running.simulator.faults.clear)


@pytest.fixture(scope="session")
def kubeconfig(live_kubeconfig: Path | None, running: Running | None) -> Path:
    if live_kubeconfig is not None:
        return live_kubeconfig
    assert running is not None
    return running.kubeconfig


@pytest.fixture(scope="session")
def connect(kubeconfig: Path) -> Iterator[Callable[[], client.ApiClient]]:
    """A new official client with the kubeconfig's identity; all are closed at the end."""
    made: list[client.ApiClient] = []

    def new() -> client.ApiClient:
        configuration = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=configuration, persist_config=False)
        made.append(client.ApiClient(configuration))
        return made[-1]

    yield new
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def admin(connect: Callable[[], client.ApiClient]) -> client.ApiClient:
    return connect()


@pytest.fixture
def namespace(admin: client.ApiClient) -> Iterator[str]:
    name = f"clients-{secrets.token_hex(4)}"  # other runs may use the same live cluster at the same time
    core = client.CoreV1Api(admin)
    core.create_namespace({"metadata": {"name": name}})
    yield name
    core.delete_namespace(name)
