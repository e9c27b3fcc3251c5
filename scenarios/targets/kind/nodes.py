"""The nodes of a kind cluster: containers, found by kind's label and handled through the Docker API.

A node that is cut off leaves its Docker network and comes back to it with the address it had. Docker gives a network's
containers the address they ask for only where the network was made with a subnet of its own; elsewhere it gives one,
which is mostly the same, as it is free again. Where it is another one the node does not come back to its cluster: then
`join` says so, because everything later would fail for reasons that nobody could see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from edge import clock
from scenarios.errors import StepError, TargetError
from scenarios.targets.threads import Threads

CLUSTER, ROLE = "io.x-k8s.kind.cluster", "io.x-k8s.kind.role"
CONTROL_PLANE = "control-plane"
INSTALL = "the target kind needs the Docker SDK: pip install 'edge[scenarios]'"
STOPPING = 30  # seconds that a node may take to stop before it is killed


class Node(msgspec.Struct, frozen=True):
    """One container. `addresses` are its IPv4 and IPv6 address in `network`; "" where it has none."""

    id: str
    name: str
    role: str
    state: str  # Docker's word: running, paused, exited, …
    image: str
    network: str
    addresses: tuple[str, str]


class Docker:
    """The Docker API for one cluster. StepError with Docker's own words when it refuses."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._threads = Threads()
        self._client: Any = None

    async def open(self) -> None:
        """TargetError when the SDK is missing or no daemon answers."""
        try:
            import docker
            from docker.errors import DockerException
        except ImportError:
            raise TargetError(INSTALL) from None
        try:
            self._client = await clock.run_blocking(lambda: docker.from_env(timeout=60), self._threads)
        except DockerException as error:
            raise TargetError(
                "the target kind needs Docker, which does not answer: start it (systemctl start docker), or say with "
                f"DOCKER_HOST where it is ({error})"
            ) from None

    async def close(self) -> None:
        if self._client is not None:
            await clock.run_blocking(self._client.close, self._threads)

    async def do(self, what: str, deed: Callable[[Any], Any]) -> Any:
        """`deed` with the SDK's low-level client."""
        from docker.errors import DockerException
        from requests import RequestException

        try:
            return await clock.run_blocking(lambda: deed(self._client), self._threads)
        except (DockerException, RequestException) as error:
            raise StepError(f"Docker did not {what}: {getattr(error, 'explanation', None) or error}") from None

    async def nodes(self) -> list[Node]:
        """Those of the cluster, by name."""
        label = f"{CLUSTER}={self._cluster}"
        found = await self.do("list nodes", lambda docker: docker.api.containers(all=True, filters={"label": [label]}))
        return sorted((_node(each) for each in found), key=lambda node: node.name)


def _node(summary: Any) -> Node:
    networks = summary["NetworkSettings"]["Networks"]
    name = next(iter(networks), "")
    network = networks.get(name) or {}
    addresses = network.get("IPAddress") or "", network.get("GlobalIPv6Address") or ""
    role = summary["Labels"].get(ROLE, "")
    return Node(
        summary["Id"], summary["Names"][0].lstrip("/"), role, summary["State"], summary["Image"], name, addresses
    )


class Nodes:
    """What a case does to nodes, each by its name, with or without the cluster's before it (`worker`, `worker2`), and
    how all of it is undone."""

    def __init__(self, cluster: str, docker: Docker, nodes: list[Node]) -> None:
        self._docker = docker
        self._nodes = {node.name.removeprefix(f"{cluster}-"): node for node in nodes}
        self._undo: dict[tuple[str, str], Callable[[str], Any]] = {}  # (node, what was done) → its undoing, in order

    def __repr__(self) -> str:
        return f"<Nodes {', '.join(self._nodes)} changed={list(self._undo)}>"

    def changed(self, how: str) -> list[str]:
        """The nodes that are `paused`, `stopped` or `cut`."""
        return [name for name, done in self._undo if done == how]

    def _find(self, name: str) -> Node:
        for short, node in self._nodes.items():
            if name in (short, node.name):
                return node
        raise StepError(f"expected one of the nodes {', '.join(self._nodes)}, got {name!r}")

    async def pause(self, name: str) -> None:
        """It stands still: its connections stay open and silent."""
        node = self._find(name)
        await self._docker.do(f"pause {node.name}", lambda docker: docker.api.pause(node.id))
        self._undo[node.name, "paused"] = self.resume

    async def resume(self, name: str) -> None:
        node = self._find(name)
        await self._docker.do(f"resume {node.name}", lambda docker: docker.api.unpause(node.id))
        self._undo.pop((node.name, "paused"), None)

    async def stop(self, name: str) -> None:
        """As a machine that is shut down."""
        node = self._find(name)
        await self._docker.do(f"stop {node.name}", lambda docker: docker.api.stop(node.id, timeout=STOPPING))
        self._undo[node.name, "stopped"] = self.start

    async def start(self, name: str) -> None:
        node = self._find(name)
        await self._docker.do(f"start {node.name}", lambda docker: docker.api.start(node.id))
        self._undo.pop((node.name, "stopped"), None)
        await self._same_address(node)

    async def cut(self, name: str) -> None:
        """It runs on without its network."""
        node = self._find(name)

        def leave(docker: Any) -> None:
            docker.api.disconnect_container_from_network(node.id, node.network, force=True)

        await self._docker.do(f"take {node.name} off its network", leave)
        self._undo[node.name, "cut"] = self.join

    async def join(self, name: str) -> None:
        """Back to its network, with the address it had. StepError when it got another one."""
        node = self._find(name)

        def come(docker: Any, **addresses: str) -> None:
            docker.api.connect_container_to_network(node.id, node.network, **addresses)

        wanted = {
            key: value for key, value in zip(("ipv4_address", "ipv6_address"), node.addresses, strict=True) if value
        }
        what = f"bring {node.name} back to its network"
        try:
            await self._docker.do(what, lambda docker: come(docker, **wanted))
        except StepError as error:
            if "subnet" not in str(error):
                raise
            await self._docker.do(what, come)
        self._undo.pop((node.name, "cut"), None)
        await self._same_address(node)

    async def _same_address(self, node: Node) -> None:
        now = next((each.addresses for each in await self._docker.nodes() if each.id == node.id), ("", ""))
        if now[0] != node.addresses[0]:
            raise StepError(
                f"{node.name} came back as {now[0] or 'nothing'} instead of {node.addresses[0]}, which its cluster "
                "knows it by: delete the cluster (`kind delete cluster`) and make it again"
            )

    async def restore(self) -> bool:
        """Undo what is not undone yet, latest first; whether there was anything. StepError with all that failed."""
        left, wrong = list(self._undo.items()), []
        for (name, _), undo in reversed(left):
            try:
                await undo(name)
            except StepError as error:
                wrong.append(str(error))
        self._undo.clear()
        if wrong:
            raise StepError("; ".join(wrong))
        return bool(left)
