"""The simulated cluster of a run: its objects, its truth, and the deeds that are done to it."""

from __future__ import annotations

from random import Random
from typing import Any

import httpx

from scenarios.explore.truth import Key
from simulator.settings import Settings
from simulator.simulator import Simulator

ACCOUNT = "edge-reader"
USER = f"system:serviceaccount:default:{ACCOUNT}"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
MERGE = {"content-type": "application/merge-patch+json"}
FAR_NAMESPACE = "far"
READER: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": "default"}},
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ACCOUNT},
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["namespaces", "services", "endpoints", "pods"],
                "verbs": ["get", "list", "watch"],
            },
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
        ],
    },
]
BINDING: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": ACCOUNT},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ACCOUNT},
    "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": "default"}],
}


def key_of(number: int) -> Key:
    """Where service `number` is. The third is in a namespace of its own."""
    return ("default" if number < 2 else FAR_NAMESPACE, f"web-{number}")


def namespace() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FAR_NAMESPACE}}


def deployment(number: int, replicas: int) -> dict[str, Any]:
    where, name = key_of(number)
    containers = [{"name": "web", "image": "web:1", "ports": [{"containerPort": 8080}]}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": where},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}},
        },
    }


def service(number: int) -> dict[str, Any]:
    where, name = key_of(number)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": where},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def hand_made_slice(number: int, addresses: list[str]) -> dict[str, Any]:
    """A slice of the service with other pods' addresses."""
    where, name = key_of(number)
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-by-hand",
            "namespace": where,
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [one], "conditions": {"ready": True}} for one in addresses],
        "ports": [{"port": 8080, "protocol": "TCP"}],
    }


class Cluster:
    """`async with` starts it. What cannot be done at the moment, such as scaling what does not exist, is no error:
    `do` answers what came of it."""

    def __init__(self, replicas: tuple[int, ...], random: Random) -> None:
        self._replicas = replicas
        self._random = random
        self.simulator = Simulator(Settings(sockets=False, seed=random.randrange(1 << 30), pod_network="10.20.0.0/16"))
        self._api: httpx.AsyncClient

    async def __aenter__(self) -> Cluster:
        await self.simulator.start()
        self._api = self.simulator.connect(trust_env=False)
        await self.furnish()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._api.aclose()
        await self.simulator.stop()

    async def furnish(self) -> None:
        """What is there at first, where it is missing."""
        for number, count in enumerate(self._replicas):
            if number == 2:
                await self.create(namespace())
            await self.create(deployment(number, count))
            await self.create(service(number))
        for one in (*READER, BINDING):
            await self.create(one)

    async def token(self) -> str:
        """A new token of Edge's service account; empty when it has none."""
        answer = await self._send("POST", f"/api/v1/namespaces/default/serviceaccounts/{ACCOUNT}/token", {"spec": {}})
        return str(answer.json()["status"]["token"]) if answer is not None and answer.is_success else ""

    async def create(self, obj: dict[str, Any]) -> str:
        return await self._do("POST", _path(obj), obj)

    # deeds

    async def scale(self, service: int, replicas: int) -> str:
        return await self._patch("deployments", service, {"spec": {"replicas": replicas}})

    async def restart(self, service: int) -> str:
        stamp = {"kubectl.kubernetes.io/restartedAt": self.simulator.clock.timestamp()}
        return await self._patch("deployments", service, {"spec": {"template": {"metadata": {"annotations": stamp}}}})

    async def kill_pod(self, service: int, grace: int | None) -> str:
        pods = await self._pods(service)
        if not pods:
            return "no pods"
        chosen = self._random.choice(pods)["metadata"]
        query = "" if grace is None else f"?gracePeriodSeconds={grace}"
        return await self._do("DELETE", f"/api/v1/namespaces/{chosen['namespace']}/pods/{chosen['name']}{query}")

    async def ready(self, service: int, ready: bool) -> str:
        pods = await self._pods(service)
        if not pods:
            return "no pods"
        chosen = self._random.choice(pods)["metadata"]
        body = {"metadata": {"annotations": {"simulator/ready": "true" if ready else "false"}}}
        return await self._do("PATCH", f"/api/v1/namespaces/{chosen['namespace']}/pods/{chosen['name']}", body)

    async def port(self, service: int, port: int) -> str:
        return await self._patch("services", service, {"spec": {"ports": [{"port": 80, "targetPort": port}]}})

    async def select(self, service: int, other: int) -> str:
        return await self._patch("services", service, {"spec": {"selector": {"app": key_of(other)[1]}}})

    async def delete_service(self, service: int) -> str:
        where, name = key_of(service)
        return await self._do("DELETE", f"/api/v1/namespaces/{where}/services/{name}")

    async def delete_namespace(self) -> str:
        return await self._do("DELETE", f"/api/v1/namespaces/{FAR_NAMESPACE}")

    async def create_namespace(self) -> str:
        await self.furnish()
        return "furnished"

    async def reuse_addresses(self, service: int, other: int) -> str:
        addresses = [pod.get("status", {}).get("podIP") for pod in await self._pods(other)]
        return await self.create(hand_made_slice(service, [one for one in addresses if one]))

    async def remove_access(self) -> str:
        return await self._do("DELETE", f"{BINDINGS}/{ACCOUNT}")

    async def restore_access(self) -> str:
        said = [await self.create(one) for one in (*READER, BINDING)]
        return " ".join(said)

    async def _pods(self, service: int) -> list[Any]:
        where, name = key_of(service)
        answer = await self._send("GET", f"/api/v1/namespaces/{where}/pods?labelSelector=app%3D{name}")
        return [] if answer is None or not answer.is_success else list(answer.json()["items"])

    async def _patch(self, resource: str, number: int, body: dict[str, Any]) -> str:
        where, name = key_of(number)
        group = "/api/v1" if resource == "services" else "/apis/apps/v1"
        return await self._do("PATCH", f"{group}/namespaces/{where}/{resource}/{name}", body)

    async def _do(self, method: str, path: str, body: dict[str, Any] | None = None) -> str:
        answer = await self._send(method, path, body)
        return "nobody answers" if answer is None else str(answer.status_code)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response | None:
        headers = MERGE if method == "PATCH" else {}
        try:
            return await self._api.request(method, path, json=body, headers=headers)
        except httpx.HTTPError:
            return None


def _path(obj: dict[str, Any]) -> str:
    group = obj["apiVersion"]
    root = f"/api/{group}" if "/" not in group else f"/apis/{group}"
    where = obj["metadata"].get("namespace")
    return f"{root}/{f'namespaces/{where}/' if where else ''}{obj['kind'].lower()}s"
