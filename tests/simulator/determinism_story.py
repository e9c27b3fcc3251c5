"""A long story for `test_determinism`: everything that clients are sent while much of a cluster's life goes by."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from typing import Any

import httpx

from simulator.api.faults import CutFault, DelayEventFault, DuplicateEventFault, LatencyFault, StatusFault
from simulator.loops import run_virtual
from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.simulator.extensions.widgets import DEFINITIONS, WIDGETS, definition
from tests.simulator.world import FILES

WORKLOADS = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: shop}
spec:
  replicas: 3
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: a, image: "a:1", ports: [{name: web, containerPort: 80}]}]}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: a, image: "a:1", ports: [{name: web, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {selector: {app: store}, type: NodePort, ports: [{name: a, port: 80, targetPort: web}, {name: b, port: 81}]}
"""
WATCHED = (
    *(f"/api/v1/{plural}" for plural in ("pods", "events", "nodes", "namespaces", "serviceaccounts", "endpoints")),
    *("/api/v1/persistentvolumeclaims", "/api/v1/secrets", "/api/v1/configmaps", "/api/v1/services"),
    *(f"/apis/apps/v1/{plural}" for plural in ("deployments", "replicasets", "statefulsets", "daemonsets")),
    *("/apis/apps/v1/controllerrevisions", "/apis/discovery.k8s.io/v1/endpointslices", DEFINITIONS),
)
JWT = re.compile(rb"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+")
BASE64 = re.compile(rb"ZXlK[A-Za-z0-9+/]+=*")  # of a JWT


def told(seed: int) -> list[bytes]:
    """Bodies, headers and watch lines with their times; of tokens the claims, without their key and signature."""
    lines: list[bytes] = []
    run_virtual(_story(seed, lines))
    return [_without_signatures(line) for line in lines]


def _without_signatures(line: bytes) -> bytes:
    plain = BASE64.sub(lambda found: base64.b64decode(found[0]), line)
    return JWT.sub(lambda found: base64.urlsafe_b64decode(found[1] + b"=="), plain)


class _Client:
    def __init__(self, api: httpx.AsyncClient, lines: list[bytes]) -> None:
        self._api = api
        self._lines = lines
        self._loop = asyncio.get_running_loop()

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        content = None if body is None else json.dumps(body)
        sent = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        answer = await self._api.request(method, path, content=content, headers=sent)
        self._lines.append(f"{self._loop.time():.6f} {method} {path} {answer.status_code}".encode())
        self._lines.append(answer.content)
        self._lines.append(json.dumps(sorted(answer.headers.multi_items())).encode())
        return answer.json() if answer.headers["content-type"] == "application/json" else None

    async def patch(self, path: str, body: object, kind: str = "merge-patch+json") -> Any:
        return await self.ask("PATCH", path, body, content_type=f"application/{kind}")

    async def follow(self, path: str) -> None:
        query = {"watch": "1", "timeoutSeconds": "600", "allowWatchBookmarks": "true"}
        try:
            async with self._api.stream("GET", path, params=query) as watch:
                async for line in watch.aiter_lines():
                    self._lines.append(f"{self._loop.time():.6f} {path} {line}".encode())
        except httpx.TransportError as error:
            self._lines.append(f"{self._loop.time():.6f} {path} {type(error).__name__}".encode())


async def _story(seed: int, lines: list[bytes]) -> None:
    async with Simulator(Settings(sockets=False, seed=seed)) as simulator, simulator.connect(timeout=700) as api:
        client = _Client(api, lines)
        simulator.faults.inject(LatencyFault(0.01, jitter=0.05), share=0.5)
        simulator.faults.inject(DuplicateEventFault(), share=0.1)
        simulator.faults.inject(DelayEventFault(0.5), share=0.1, resource="pods")
        simulator.faults.inject(StatusFault(429, retry_after=1), share=0.1, verb="list")
        simulator.faults.inject(CutFault(after=90), verb="watch", resource="services")
        async with asyncio.TaskGroup() as watching:
            for path in WATCHED:
                watching.create_task(client.follow(path))
            await _deployment(simulator, client)
            await _workloads(simulator, client)
            await _tokens(client)
            await _custom(client, watching)
            await _ends(client)
        for path in ("/api", "/apis", "/version", "/openapi/v2", "/openapi/v3", *WATCHED, WIDGETS):
            await client.ask("GET", path)
        await client.ask("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles")


async def _deployment(simulator: Simulator, client: _Client) -> None:
    """A rollout, undone, and a scale."""
    path = "/apis/apps/v1/namespaces/default/deployments/test-hello"
    simulator.load(FILES / "hello.yaml")
    await asyncio.sleep(2)
    await client.patch(f"{path}/scale", {"spec": {"replicas": 5}})
    await asyncio.sleep(2)
    for image in ("hello:2", "hello:1"):
        containers = [{"name": "hello", "image": image}]
        template = {"spec": {"template": {"spec": {"containers": containers}}}}
        await client.patch(path, template, "strategic-merge-patch+json")
        await asyncio.sleep(5)
    await client.patch(f"{path}/scale", {"spec": {"replicas": 2}})


async def _workloads(simulator: Simulator, client: _Client) -> None:
    """Sets with claims and revisions, slices with two port sets, and a node that goes away and comes back."""
    await client.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    simulator.load(WORKLOADS)
    await asyncio.sleep(5)
    for plural, name in (("statefulsets", "store"), ("daemonsets", "agent")):
        change = {"spec": {"template": {"metadata": {"annotations": {"simulator/ready-after": "1s"}}}}}
        await client.patch(f"/apis/apps/v1/namespaces/shop/{plural}/{name}", change)
    await asyncio.sleep(20)
    for word in ("unreachable", None):
        await client.patch("/api/v1/nodes/node-2", {"metadata": {"annotations": {"simulator/node": word}}})
        await asyncio.sleep(400 if word else 10)
    await client.patch("/api/v1/nodes/node-1", {"spec": {"unschedulable": True}})
    await client.ask("DELETE", "/api/v1/nodes/node-3")
    await asyncio.sleep(60)


async def _tokens(client: _Client) -> None:
    simulator_accounts = "/api/v1/namespaces/default/serviceaccounts"
    await client.ask("POST", simulator_accounts, {"metadata": {"name": "reader"}})
    await client.ask("POST", f"{simulator_accounts}/reader/token", {"spec": {"expirationSeconds": 600}})
    noted = {"name": "reader-token", "annotations": {"kubernetes.io/service-account.name": "reader"}}
    secret = {"metadata": noted, "type": "kubernetes.io/service-account-token"}
    await client.ask("POST", "/api/v1/namespaces/default/secrets", secret)
    await client.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    rules = {"spec": {"namespace": "default"}}
    await client.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", rules)


async def _custom(client: _Client, watching: asyncio.TaskGroup) -> None:
    """A definition with objects: defaulted, pruned, applied by two managers, refused."""
    await client.ask("POST", DEFINITIONS, definition())
    watching.create_task(client.follow(WIDGETS))
    kind = {"apiVersion": "shop.example.com/v1", "kind": "Widget"}
    made = {
        **kind,
        "metadata": {"name": "one"},
        "spec": {"color": "red", "other": 1, "parts": [{"name": "a"}, {"name": "b"}]},
    }
    await client.ask("POST", WIDGETS, made)
    await client.ask(
        "POST", WIDGETS, {**kind, "metadata": {"generateName": "two-"}, "spec": {"color": "green", "size": 99}}
    )
    for manager, size in (("first", 4), ("second", 5)):
        spec = {"color": "red", "size": size, "tags": [manager], "parts": [{"name": manager}]}
        body = {"apiVersion": "shop.example.com/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": spec}
        await client.patch(f"{WIDGETS}/one?fieldManager={manager}&force=true", body, "apply-patch+yaml")
    await client.ask("GET", WIDGETS, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    await client.ask("DELETE", f"{DEFINITIONS}/widgets.shop.example.com")


async def _ends(client: _Client) -> None:
    await client.ask("DELETE", "/api/v1/namespaces/shop")
    query = "propagationPolicy=Foreground"
    await client.ask("DELETE", f"/apis/apps/v1/namespaces/default/deployments/test-hello?{query}")
    await asyncio.sleep(40)
    await client.ask("DELETE", "/api/v1/namespaces/default/pods")
