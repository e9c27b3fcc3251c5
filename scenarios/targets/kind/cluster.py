"""One kind cluster, shared by the cases of a run one after another."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from scenarios.errors import StepError, TargetError
from scenarios.kubernetes import Kubernetes
from scenarios.targets.kind.command import Kind
from scenarios.targets.kind.nodes import Docker, Node, Nodes
from scenarios.targets.kind.routes import Route, Routes

DEFAULT = "edge-scenarios"
NAME = re.compile(r"^[a-z0-9.-]+$")  # kind: pkg/cluster/internal/create/create.go, validNameRE
DNS = "k8s-app=kube-dns"  # CoreDNS, whose pods every kind cluster has
READY = 60.0  # seconds that its pods may take to be ready
CONNECT = 5.0  # seconds that a connection to one may take


class KindCluster:
    """`kubeconfig` is its administrator's, from when it is open. Whoever opened it closes it."""

    def __init__(self, name: str = DEFAULT) -> None:
        if not NAME.match(name):
            raise TargetError(f"expected a kind cluster's name of a-z, 0-9, '.' and '-', got {name!r}")
        self.name = name
        self._docker = Docker(name)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._kind: Kind | None = None
        self._made = False
        self._routes: Routes | None = None

    def __repr__(self) -> str:
        return f"<KindCluster {self.name} {'made' if self._made else 'found' if self._kind else 'closed'}>"

    @property
    def kubeconfig(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / "kubeconfig"

    async def open(self) -> None:
        """Make it, or find it there; nothing when that is done already. TargetError when there cannot be one."""
        if self._kind is not None:
            return
        kind = Kind(self.name)
        await self._docker.open()
        self._folder = tempfile.TemporaryDirectory(prefix="edge-kind-")
        folder = Path(self._folder.name)
        if await kind.exists():
            await kind.export(folder)
        else:
            await kind.create(folder)
            self._made = True
        self._kind = kind

    async def nodes(self) -> list[Node]:
        """Its nodes, all running. TargetError when one is not."""
        try:
            nodes = await self._docker.nodes()
        except StepError as error:
            raise TargetError(str(error)) from None
        if not nodes:
            raise TargetError(f"Docker has no container of the kind cluster {self.name}: is it another Docker's?")
        for node in nodes:
            if node.state != "running":
                raise TargetError(
                    f"the node {node.name} of the kind cluster {self.name} is {node.state}: bring it back with Docker, "
                    f"or delete the cluster with `kind delete cluster --name {self.name}`"
                )
        return nodes

    def handle(self, nodes: list[Node]) -> Nodes:
        """What a case may do to them."""
        return Nodes(self.name, self._docker, nodes)

    async def reach_pods(self, kubernetes: Kubernetes, nodes: list[Node]) -> None:
        """Route to its pods, once, and see that one of them is reached. TargetError when it is not."""
        if self._routes is not None:
            return
        routes = self._routes = Routes(self._docker, nodes[0].image)
        try:
            listed = await kubernetes.request("GET", "/api/v1/nodes")
            await routes.add(routes_to(listed["items"], {node.name: node.addresses for node in nodes}))
            await _reached(kubernetes)
        except StepError as error:
            raise TargetError(f"the pods of the kind cluster {self.name} cannot be found: {error}") from None

    async def close(self) -> None:
        """Remove the routes, and the cluster when it was made here. TargetError with what failed; the rest is done."""
        deeds: list[Callable[[], Coroutine[Any, Any, None]]] = []
        if self._routes is not None:
            deeds.append(self._routes.remove)
        if self._kind is not None and self._made and self._folder is not None:
            kind, folder = self._kind, Path(self._folder.name)
            deeds.append(lambda: kind.delete(folder))
        deeds.append(self._docker.close)
        wrong = []
        for deed in deeds:
            try:
                await deed()
            except TargetError as error:
                wrong.append(str(error))
        if self._folder is not None:
            self._folder.cleanup()
        self._kind, self._routes, self._made = None, None, False
        if wrong:
            raise TargetError("; ".join(wrong))


def routes_to(nodes: list[dict[str, Any]], addresses: dict[str, tuple[str, str]]) -> list[Route]:
    """The pod networks of Kubernetes' nodes, each by way of the address (IPv4, IPv6) that its container has."""
    found: list[Route] = []
    for node in nodes:
        spec, (four, six) = node.get("spec") or {}, addresses.get(node["metadata"]["name"], ("", ""))
        networks = spec.get("podCIDRs") or [spec.get("podCIDR") or ""]
        found += [(network, six if ":" in network else four) for network in networks]
    return [(network, address) for network, address in found if network and address]


async def _reached(kubernetes: Kubernetes) -> None:
    """Connect to a pod of CoreDNS, as a gateway on this machine would. Nothing to prove it with: nothing is said."""
    if not await kubernetes.list("pod", "kube-system", DNS):
        return
    host, port = "", 0
    try:
        async with asyncio.timeout(READY):
            async for event in kubernetes.watch(kubernetes.path("pod", None, "kube-system"), f"labelSelector={DNS}"):
                host, port = _listens(event["object"])
                if host:
                    break
    except TimeoutError:
        raise TargetError(f"no pod of CoreDNS ({DNS} in kube-system) was ready within {READY:g} s") from None
    try:
        async with asyncio.timeout(CONNECT):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        raise TargetError(
            f"the kind cluster's pods cannot be reached from here ({host}:{port}: {error or 'no answer'}). Gateways "
            "run on this machine, so Docker must run on it, too, and not in a virtual machine as Docker Desktop does"
        ) from None
    writer.close()


def _listens(pod: dict[str, Any]) -> tuple[str, int]:
    """Where a ready pod takes TCP connections; ("", 0) when it is not ready."""
    status = pod.get("status") or {}
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or [])
    ports = [p for c in pod["spec"]["containers"] for p in c.get("ports") or [] if p.get("protocol", "TCP") == "TCP"]
    return (status["podIP"], ports[0]["containerPort"]) if ready and ports and status.get("podIP") else ("", 0)
