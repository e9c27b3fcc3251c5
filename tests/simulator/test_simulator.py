"""The simulator embedded: its API over TLS, its control API, restarts and resets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from simulator.cluster.manifests import ManifestError
from simulator.settings import Settings, SettingsError
from simulator.simulator import Simulator
from tests.simulator.world import FILES

LOCAL = {"listen": "127.0.0.1:0", "control_listen": "127.0.0.1:0"}
PODS = "/api/v1/namespaces/default/pods"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


def client(simulator: Simulator, token: str | None = None) -> httpx.AsyncClient:
    context = ssl.create_default_context(cadata=simulator.ca.decode())
    headers = {"Authorization": f"Bearer {simulator.token if token is None else token}"}
    return httpx.AsyncClient(base_url=simulator.url, verify=context, headers=headers, trust_env=False)


def control(simulator: Simulator) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"{simulator.control_url}/control/v1", trust_env=False)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(**LOCAL)) as simulator:
        yield simulator


@asynccontextmanager
async def hello(simulator: Simulator, replicas: int = 1) -> AsyncIterator[httpx.AsyncClient]:
    simulator.load(FILES / "hello.yaml")
    async with client(simulator) as api:
        await eventually(lambda: ready(api), replicas)
        yield api


async def ready(api: httpx.AsyncClient) -> int:
    pods = (await api.get(PODS)).json()["items"]
    return sum(
        c["type"] == "Ready" and c["status"] == "True" for p in pods for c in p["status"].get("conditions") or []
    )


async def eventually(probe: Callable[[], Awaitable[Any]], expected: Any, within: float = 10) -> None:
    async with asyncio.timeout(within):
        while (seen := await probe()) != expected:  # noqa: ASYNC110 what is awaited is on the other side of HTTP
            await asyncio.sleep(0.02)
    assert seen == expected


async def test_it_serves_a_cluster_whose_pods_answer(simulator: Simulator) -> None:
    async with (
        hello(simulator) as api,
        control(simulator) as commands,
        httpx.AsyncClient(trust_env=False) as browser,
    ):
        [pod] = (await api.get(PODS)).json()["items"]
        answer = await browser.get(f"http://{pod['status']['podIP']}:8080/")
        assert answer.text == f"hello from {pod['metadata']['name']}\n"
        [found] = (await api.get(SLICES, params={"labelSelector": "kubernetes.io/service-name=test-hello"})).json()[
            "items"
        ]
        assert found["endpoints"][0]["addresses"] == [pod["status"]["podIP"]]
        state = (await commands.get("/state")).json()
        assert state["server"] == "running"
        assert state["pods"][0]["requests"] == 1
        assert state["objects"]["pods"] == 1


async def test_the_kubeconfig_is_private_and_names_this_server(simulator: Simulator) -> None:
    assert simulator.kubeconfig.stat().st_mode & 0o777 == 0o600
    config = yaml.safe_load(simulator.kubeconfig.read_text())
    assert config["clusters"][0]["cluster"]["server"] == simulator.url


async def test_a_stopped_server_is_unreachable_while_its_pods_serve_and_with_keep_it_forgets_nothing(
    simulator: Simulator,
) -> None:
    async with hello(simulator) as api, control(simulator) as commands, httpx.AsyncClient(trust_env=False) as browser:
        before = (await api.get(PODS)).json()
        address = before["items"][0]["status"]["podIP"]
        stopped = await commands.post("/server", json={"state": "stopped", "keep": True})
        assert stopped.json()["server"] == "stopped"
        with pytest.raises(httpx.TransportError):
            await api.get(PODS)
        assert (await browser.get(f"http://{address}:8080/")).status_code == 200
        started = await commands.post("/server", json={"state": "running"})
        assert started.json()["server"] == "running"
        after = (await api.get(PODS)).json()
        assert after["items"] == before["items"]


async def test_without_keep_it_begins_again_with_what_was_loaded_at_start() -> None:
    async with (
        Simulator(Settings(**LOCAL, load=(FILES / "token.yml",))) as simulator,
        hello(simulator) as api,
        control(simulator) as commands,
    ):
        old = (await api.get("/api/v1/namespaces/default/serviceaccounts/edge-reader")).json()
        await commands.post("/server", json={"state": "stopped", "keep": False})
        await commands.post("/server", json={"state": "running"})
        assert (await api.get(PODS)).json()["items"] == []
        new = (await api.get("/api/v1/namespaces/default/serviceaccounts/edge-reader")).json()
        assert new["metadata"]["uid"] != old["metadata"]["uid"]


async def test_a_reset_ends_pods_watches_and_faults(simulator: Simulator) -> None:
    async with hello(simulator) as api, control(simulator) as commands:
        [pod] = (await api.get(PODS)).json()["items"]
        await commands.post("/faults", json={"fault": {"type": "status", "code": 503}, "match": {"resource": "nodes"}})
        assert (await api.get("/api/v1/nodes")).status_code == 503
        async with api.stream("GET", PODS, params={"watch": "true"}) as watch:
            lines = watch.aiter_lines()
            await anext(lines)
            assert (await commands.post("/reset", json={})).status_code == 200
            async with asyncio.timeout(5):
                async for _ in lines:  # it ends, cleanly or with an error event
                    pass
        assert (await api.get(PODS)).json()["items"] == []
        assert (await api.get("/api/v1/nodes")).status_code == 200
        async with httpx.AsyncClient(trust_env=False) as browser:
            with pytest.raises(httpx.TransportError):
                await browser.get(f"http://{pod['status']['podIP']}:8080/")


async def test_a_revoked_account_is_unauthorized_and_a_compacted_history_expired(simulator: Simulator) -> None:
    simulator.load(FILES / "token.yml")
    async with client(simulator) as api, control(simulator) as commands:
        path = "/api/v1/namespaces/default/serviceaccounts/edge-reader/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = (await api.post(path, json=request)).json()["status"]["token"]
        async with client(simulator, token) as reader:
            revoked = await commands.post(
                "/tokens/revoke", json={"namespace": "default", "serviceaccount": "edge-reader"}
            )
            assert revoked.status_code == 200
            assert (await reader.get("/api/v1/services")).status_code == 401
            for state in ("stopped", "running"):
                await commands.post("/server", json={"state": state})
            assert (await reader.get("/api/v1/services")).status_code == 401, "a restart revokes nothing back"
        missing = await commands.post("/tokens/revoke", json={"namespace": "default", "serviceaccount": "nobody"})
        assert missing.status_code == 404
        compacted = (await commands.post("/compact", json={})).json()["revision"]
        assert compacted > 1
        expired = await api.get(PODS, params={"watch": "true", "resourceVersion": "1"})
        assert '"code":410' in expired.text


async def test_requests_are_remembered_without_credentials(simulator: Simulator) -> None:
    async with client(simulator) as api, control(simulator) as commands:
        await api.get(PODS)
        listed = await commands.get("/requests")
        assert simulator.token not in listed.text
        last = listed.json()["items"][-1]
        assert (last["verb"], last["resource"], last["namespace"]) == ("list", "pods", "default")


async def test_without_serving_pods_run_and_nothing_listens() -> None:
    async with Simulator(Settings(**LOCAL, pods="none")) as simulator, hello(simulator) as api:
        [pod] = (await api.get(PODS)).json()["items"]
        async with httpx.AsyncClient(trust_env=False) as browser:
            with pytest.raises(httpx.ConnectError):
                await browser.get(f"http://{pod['status']['podIP']}:8080/")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"listen": "nowhere"}, "listen: expected HOST:PORT"),
        ({"listen": "127.0.0.1:99999"}, "listen: expected HOST:PORT"),
        ({"control_listen": "0.0.0.0:0"}, "--control-token"),
    ],
)
async def test_settings_that_make_no_sense_are_refused(settings: dict[str, str], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        async with Simulator(Settings(**{**LOCAL, **settings})):
            pass


async def test_a_port_in_use_is_named() -> None:
    async with Simulator(Settings(**LOCAL)) as first:
        with pytest.raises(SettingsError, match=f"{first.url.removeprefix('https://')}"):
            async with Simulator(Settings(**{**LOCAL, "listen": first.url.removeprefix("https://")})):
                pass


async def test_a_bad_manifest_is_refused_at_start(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 99999}]}\n")
    with pytest.raises(ManifestError, match=r"bad\.yaml, document 1: Service bad: .*99999"):
        async with Simulator(Settings(**LOCAL, load=(file,))):
            pass


async def test_the_same_seed_gives_the_same_names_and_uids() -> None:
    async def names() -> list[tuple[str, str]]:
        async with Simulator(Settings(**LOCAL, seed=7)) as simulator, hello(simulator) as api:
            pods = (await api.get(PODS)).json()["items"]
            return [(pod["metadata"]["name"], pod["metadata"]["uid"]) for pod in pods]

    assert await names() == await names()
