"""What one case sees of a kind cluster: Kubernetes through its kubeconfig, and its nodes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from scenarios.errors import StepError
from scenarios.kubernetes import Kubernetes
from scenarios.model import Need
from scenarios.targets import Address, ApiServer, Control, Nodes
from scenarios.targets.kind.cluster import KindCluster
from scenarios.targets.kind.nodes import CONTROL_PLANE
from scenarios.targets.kind.nodes import Nodes as KindNodes
from scenarios.targets.kubeconfig import KubeconfigTarget
from scenarios.targets.turns import Turn

ANSWERS = 60.0  # seconds that an API server may take to answer after its node is back
AGAIN = 0.2


class KindApiServer:
    """The API server as the machine that it runs on: the control plane's node, which goes and comes with it."""

    def __init__(self, nodes: Nodes, kubernetes: Kubernetes) -> None:
        self._nodes, self._kubernetes = nodes, kubernetes

    async def stop(self, keep: bool) -> None:
        if not keep:
            raise StepError("only the simulator can do `keep: false`: a real API server does not forget everything")
        await self._nodes.stop(CONTROL_PLANE)

    async def start(self) -> None:
        await self._nodes.start(CONTROL_PLANE)
        await answers(self._kubernetes)

    async def pause(self) -> None:
        await self._nodes.pause(CONTROL_PLANE)

    async def resume(self) -> None:
        await self._nodes.resume(CONTROL_PLANE)
        await answers(self._kubernetes)


async def answers(kubernetes: Kubernetes) -> None:
    """Wait until the API server reads from its store again. StepError when it does not."""
    problem = StepError("nothing")
    try:
        async with asyncio.timeout(ANSWERS):
            while True:
                try:
                    await kubernetes.request("GET", "/api/v1/namespaces/default")
                    return
                except StepError as error:
                    problem = error
                await asyncio.sleep(AGAIN)
    except TimeoutError:
        raise StepError(f"the API server was not back after {ANSWERS:g} s: {problem}") from None


class KindTarget:
    """One case's turn on a cluster that the cases of a run share."""

    offers: tuple[Need, ...] = ("api-server", "nodes")
    control: Control | None = None

    def __init__(self, cluster: KindCluster) -> None:
        self.name = f"kind:{cluster.name}"
        self._cluster = cluster
        self._turn = Turn(f"kind:{cluster.name}")
        self._inner: KubeconfigTarget | None = None
        self._nodes: KindNodes | None = None
        self.kubernetes: Kubernetes
        self.nodes: Nodes | None = None
        self.api_server: ApiServer | None = None

    async def open(self, folder: Path) -> None:
        await self._turn.take()
        await self._cluster.open()
        nodes = await self._cluster.nodes()
        inner = KubeconfigTarget(self._cluster.kubeconfig)
        await inner.open(folder)
        self._inner, self.kubernetes = inner, inner.kubernetes
        await self._cluster.reach_pods(self.kubernetes, nodes)
        self.nodes = self._nodes = self._cluster.handle(nodes)
        self.api_server = KindApiServer(self._nodes, self.kubernetes)

    async def address(self) -> Address:
        assert self._inner is not None
        return await self._inner.address()

    async def close(self) -> None:
        """Undo what was done to nodes, and delete what the case made; the cluster is the run's."""
        try:
            if self._nodes is not None and await self._nodes.restore():
                await answers(self.kubernetes)
        finally:
            try:
                if self._inner is not None:
                    await self._inner.close()
            finally:
                self._turn.leave()
