"""The tutorial, step by step, over the same public APIs that an operator's scripts would use."""

from __future__ import annotations

import importlib.resources
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx

from edge.demo.admin import AdminClient
from edge.demo.kubernetes import Kubernetes
from edge.demo.processes import DemoError

T = TypeVar("T")

HOST = "www.kubernetes-edge-test.com"
UPSTREAM = "my kubernetes backend"

TOKEN_MANIFEST = Path(str(importlib.resources.files("edge.kube") / "token.yml"))
HELLO_MANIFEST = Path(str(importlib.resources.files("edge.demo") / "manifests" / "test-hello.yml"))


class Narrator(Protocol):
    """Runs one step, says how it went and how long it took."""

    async def step(self, title: str, deed: Callable[[], Awaitable[tuple[str, T]]]) -> T:
        """`deed` answers (what to show, result)."""


class Tutorial:
    """Plays the tutorial; `gateway` is started by the caller between `prepare_gateways` and `play`."""

    def __init__(
        self, narrator: Narrator, admin: AdminClient, kubernetes: Kubernetes, api_server: tuple[str, int]
    ) -> None:
        self._narrator = narrator
        self._admin = admin
        self._kubernetes = kubernetes
        self._api_server = api_server

    async def prepare_gateways(self) -> tuple[str, str]:
        """Create the partition and its gateway cluster; (partition id, join token)."""

        async def deed() -> tuple[str, tuple[str, str]]:
            partition = await self._admin.create("partitions", {"name": "kubernetes-test-partition"})
            cluster = await self._admin.create(
                "gateway-clusters", {"name": "kubernetes-test-cluster", "partition": partition["id"]}
            )
            join = await self._admin.create(f"gateway-clusters/{cluster['id']}/join-tokens", {})
            return "kubernetes-test-partition › kubernetes-test-cluster", (partition["id"], join["token"])

        return await self._narrator.step("create a gateway partition and cluster", deed)

    async def play(self, partition: str, gateway: str) -> None:
        """From the token to scaling down; raises DemoError at the first step that does not hold."""
        step = self._narrator.step
        token = await step("apply token.yml and read the token", self._read_token)
        cluster = await step("register the Kubernetes cluster", lambda: self._register(token))
        await step("apply the Deployment and Service test-hello", self._deploy)
        application = await step(f"create the application {HOST}", lambda: self._create_application(partition))
        upstream = await step(
            f'create the Kubernetes upstream "{UPSTREAM}"', lambda: self._create_upstream(application, cluster)
        )
        await step("add a page rule that proxies to it", lambda: self._add_rule(application, upstream))
        await step("release, until every gateway server has it", lambda: self._release(application))
        await step(f"curl -H 'Host: {HOST}' {gateway}", lambda: self._curl(gateway))
        await step("kubectl scale --replicas=3", lambda: self._scale(application, upstream, gateway, 3))
        await step("kubectl scale --replicas=1", lambda: self._scale(application, upstream, gateway, 1))

    async def _read_token(self) -> tuple[str, str]:
        said = await self._kubernetes.apply(TOKEN_MANIFEST)
        return said, await self._kubernetes.read_token("edge-reader-token")

    async def _register(self, token: str) -> tuple[str, str]:
        host, port = self._api_server
        body = {"name": "test", "host": host, "port": port, "ssl_verify": False, "token": token}
        cluster = await self._admin.create("kubernetes-clusters", body)
        if (status := cluster["status"])["state"] != "connected":
            raise DemoError(f"the cluster is {status['state']}: {status['message']}")
        return f"{host}:{port} {status['state']}", cluster["id"]

    async def _deploy(self) -> tuple[str, None]:
        return await self._kubernetes.apply(HELLO_MANIFEST), None

    async def _create_application(self, partition: str) -> tuple[str, str]:
        body = {"name": HOST, "domains": [HOST], "partitions": [partition]}
        application = await self._admin.create("applications", body)
        return f"domains {', '.join(application['domains'])}", application["id"]

    async def _create_upstream(self, application: str, cluster: str) -> tuple[str, str]:
        kubernetes = {"cluster": cluster, "namespace": "default", "service": "test-hello", "port": 80}
        upstream = await self._admin.create(
            f"applications/{application}/upstreams", {"name": UPSTREAM, "kubernetes": kubernetes}
        )
        shown = await self._endpoints(application, upstream["id"], 1)
        return shown, upstream["id"]

    async def _endpoints(self, application: str, upstream: str, count: int) -> str:
        """Wait until the upstream has exactly `count` endpoints, all ready."""

        def holds(view: Any) -> bool:
            endpoints = view["endpoints"]
            return len(endpoints) == count and all(endpoint["ready"] for endpoint in endpoints)

        path = f"applications/{application}/upstreams/{upstream}"
        view = await self._admin.until(f"{count} ready server(s)", lambda: self._admin.get(path), holds, within=15)
        return "\n".join(f"{e['address']}:{e['port']}  {e['pod']}  {e['node']}" for e in view["endpoints"])

    async def _add_rule(self, application: str, upstream: str) -> tuple[str, None]:
        rule = {"name": "everything", "actions": [{"type": "proxy", "upstream": upstream}]}
        await self._admin.create(f"applications/{application}/rules", rule)
        changes = await self._admin.get(f"applications/{application}/changes")
        return "\n".join(change["text"] for change in changes["items"]), None

    async def _release(self, application: str) -> tuple[str, None]:
        release = await self._admin.create(f"applications/{application}/releases", {"comment": "the tutorial"})
        path = f"applications/{application}/releases/{release['version']}"

        def holds(view: Any) -> bool:
            sync = view["sync"]
            return bool(sync["complete"]) and sync["applied"] >= 1

        view = await self._admin.until("every gateway server synced", lambda: self._admin.get(path), holds, within=15)
        sync = view["sync"]
        return f"version {view['version']}: {sync['applied']} of {sync['total']} gateway servers synced", None

    async def _curl(self, gateway: str) -> tuple[str, None]:
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.get(gateway, headers={"host": HOST})
        if response.status_code != 200 or not response.text.startswith("hello from "):
            raise DemoError(f"expected 200 hello from …, got {response.status_code} {response.text[:200]!r}")
        return response.text.strip(), None

    async def _scale(self, application: str, upstream: str, gateway: str, replicas: int) -> tuple[str, None]:
        said = await self._kubernetes.scale("test-hello", replicas)
        shown = await self._endpoints(application, upstream, replicas)
        pods = await self._pods_that_answer(gateway, replicas)
        return f"{said}\n{shown}\nanswering: {', '.join(pods)}", None

    async def _pods_that_answer(self, gateway: str, expected: int) -> list[str]:
        """The distinct pods behind a round of requests; the last round of a few must show exactly `expected`."""
        pods: dict[str, None] = {}
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(20):
                pods = {}
                for _ in range(4 * expected):
                    response = await client.get(gateway, headers={"host": HOST})
                    if response.status_code != 200:
                        raise DemoError(f"a request failed with {response.status_code} {response.text[:200]!r}")
                    pods[response.headers["x-pod"]] = None
                if len(pods) == expected:
                    return sorted(pods)
        raise DemoError(f"expected {expected} pods to answer through the gateway, saw {sorted(pods)}")
