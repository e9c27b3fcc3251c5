"""A whole Admin in virtual time: SQLite in memory, a Kubernetes cluster in memory, and the API over ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx

from edge import virtual_time
from edge.admin.actor import Actor
from edge.admin.admin import Admin, AdminSettings
from edge.admin.app import AppSettings, build
from edge.admin.views import TokenBody
from tests.kube import support as kubernetes

KUBERNETES_TOKEN = "kubernetes-s3cr3t-token"
PASSWORD = "console-s3cr3t-password"
TOKEN = "edge-s3cr3t-api-token-0001"
SYSTEM = Actor(kind="system", id="test", name="test", role="admin")

CLUSTER = {"name": "test", "host": "kubernetes.test", "port": 6443, "ssl_verify": False, "token": KUBERNETES_TOKEN}

RESPOND = {"type": "respond", "status": 200, "body": "hi", "content_type": "text/plain"}


class House:
    """`ask` speaks the API; `said` keeps every answer's text, to be searched for secrets."""

    def __init__(self, admin: Admin, cluster: kubernetes.FakeCluster, folder: Path) -> None:
        self.admin = admin
        self.cluster = cluster
        self.folder = folder
        self.said: list[str] = []
        self.app = build(admin, AppSettings(max_body=100_000))
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=True),
            base_url="http://localhost/api/v1/",
            headers={"authorization": f"Bearer {TOKEN}"},
        )

    async def ask(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        if json is not None:
            options["json"] = json
        response = await self.client.request(method, path, **options)
        self.said.append(response.text)
        return response

    async def made(self, path: str, json: Any) -> Any:
        response = await self.ask("POST", path, json)
        assert response.status_code == 201, response.text
        return response.json()

    async def role(self, role: Any) -> dict[str, str]:
        """Headers of a token with this role."""
        view = await self.admin.tokens.create(SYSTEM, TokenBody(name=f"a {role}", role=role))
        return {"authorization": f"Bearer {view.token}"}

    async def furnish(self) -> dict[str, str]:
        """One of everything; ids by name."""
        partition = (await self.made("partitions", {"name": "eu"}))["id"]
        gateways = (await self.made("gateway-clusters", {"name": "eu-1", "partition": partition}))["id"]
        cluster = (await self.made("kubernetes-clusters", CLUSTER))["id"]
        body = {"name": "shop", "domains": ["shop.example.com"], "partitions": [partition]}
        application = (await self.made("applications", body))["id"]
        source = {"cluster": cluster, "namespace": "default", "service": "hello", "port": 80}
        upstream = (await self.made(f"applications/{application}/upstreams", {"name": "b", "kubernetes": source}))["id"]
        rule = {"name": "all", "actions": [{"type": "proxy", "upstream": upstream}]}
        first = (await self.made(f"applications/{application}/rules", rule))["id"]
        return {
            "partition": partition,
            "gateways": gateways,
            "cluster": cluster,
            "application": application,
            "upstream": upstream,
            "rule": first,
        }


def fake_cluster() -> kubernetes.FakeCluster:
    """A cluster with default/hello:80 on two endpoints that knows one token."""
    cluster = kubernetes.FakeCluster()
    cluster.put("services", kubernetes.service("hello"))
    cluster.put("endpointslices", kubernetes.slice_("hello-1", "hello", {"10.1.0.1": "ready", "10.1.0.2": "ready"}))

    def breaks(asked: kubernetes.Asked) -> httpx.Response | None:
        if asked.request.headers.get("authorization") == f"Bearer {KUBERNETES_TOKEN}":
            return None
        return httpx.Response(401, json=kubernetes.status(401, "Unauthorized", "Unauthorized"))

    cluster.breaks = breaks
    return cluster


def run(scenario: Callable[[House], Awaitable[None]], folder: Path) -> House:
    """Play `scenario` in a new house, and close it."""

    async def main() -> House:
        cluster = fake_cluster()
        settings = AdminSettings(
            data_dir=folder, database="sqlite://", admin_password=PASSWORD, admin_token=TOKEN, terminal=False
        )
        admin = await Admin.open(settings, random=Random(1), transport_factory=lambda address: cluster)
        house = House(admin, cluster, folder)
        try:
            await scenario(house)
        finally:
            await house.client.aclose()
            await admin.close()
        return house

    return virtual_time.run(main())
