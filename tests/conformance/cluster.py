"""The clusters that the stage plays on: a simulator of its own, or any cluster that a kubeconfig leads to.

Whatever it is, kubectl speaks with an HTTPS server of this process, which sees every exchange: the simulator itself, or
a proxy before a live cluster.

On a live cluster nothing is touched but what a sitting makes. The recordings' names, which are fixed, become names that
nobody else has: those of the namespace `default`, of `edge-reader` and of `team-a`. `ours` turns text with recorded
names into text for the cluster; `familiar` turns back what the cluster says, and the names of its nodes and the
addresses of its networks with it.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml

from simulator.access.certificates import Authority, server_context
from simulator.api.application import Application
from simulator.api.exchange import Receive, Scope, Send
from simulator.api.server import ApiServer
from simulator.clock import Clock
from simulator.recording import access
from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.conformance.exchanges import OWN_AGENT, Tell, tell_nobody, told
from tests.conformance.forward import Forward
from tests.conformance.waiting import until

NAMESPACE = re.compile(r'(namespaces/|namespace: |"namespace": "|-n |serviceaccount:|serviceaccount=)default\b')
"""Where `default` is the namespace of the recordings; elsewhere it is a service account or the namespace itself."""
GLOBAL = ("clusterroles", "clusterrolebindings")
RIGHTS = "/apis/rbac.authorization.k8s.io/v1"
ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
OWN_ADDRESSES = ("127.0.0.1", "0.0.0.0")


class Cluster(Protocol):
    """`token` is the administrator's, `ca` PEM."""

    url: str
    token: str
    ca: bytes
    namespace: str
    live: bool

    def listen(self, tell: Tell) -> None: ...
    def ours(self, recorded: str) -> str: ...
    def familiar(self, said: str) -> str: ...
    async def forget_history(self) -> None: ...


class Listening(Application):
    """The application, and somebody who is told of every exchange."""

    tell: Tell = staticmethod(tell_nobody)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await told(self.tell, super().__call__, scope, receive, send)


class Simulated(Simulator):
    """A simulator whose application tells of its exchanges; everything is called as it was recorded."""

    namespace = "default"
    live = False

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._application: Listening = Listening(self._backend)

    def listen(self, tell: Tell) -> None:
        self._application.tell = tell

    def ours(self, recorded: str) -> str:
        return recorded

    def familiar(self, said: str) -> str:
        return said

    async def forget_history(self) -> None:
        self.compact(None)


class Live:
    """A live cluster behind a proxy, and in it a namespace for one sitting, which is removed with all that it made."""

    live = True

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self.token = secrets.token_urlsafe(32)
        self.api = access.client(kubeconfig)
        self.api.headers["User-Agent"] = OWN_AGENT
        self._nobody = access.client(_without_user(kubeconfig, folder))
        self._forward = Forward(self.token, self.api, self._nobody)
        self._folder = folder
        mark = secrets.token_hex(4)
        self.namespace = f"conformance-{mark}"
        self._names = {name: f"{name}-{mark}" for name in ("edge-reader", "team-a")}
        self._recorded: dict[str, str] = {name: recorded for recorded, name in self._names.items()}
        self._recorded[self.namespace] = "default"
        self._services: ipaddress.IPv4Network
        self._kubernetes = ""

    async def start(self) -> None:
        await self._learn()
        made = await self.api.post("/api/v1/namespaces", json={"metadata": {"name": self.namespace}})
        made.raise_for_status()
        account = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/default"

        async def has_account() -> bool:
            return (await self.api.get(account)).status_code == 200

        await until(has_account)
        authority = Authority(Clock().now())
        self.ca = authority.certificate
        context = server_context(authority, authority.server([]), self._folder)
        self._server: Any = ApiServer(self._forward, "127.0.0.1", 0, context)  # type: ignore[arg-type]
        await self._server.start()
        self.url = f"https://127.0.0.1:{self._server.port}"

    async def _learn(self) -> None:
        """The names and networks that are the cluster's own."""
        nodes = (await self.api.get("/api/v1/nodes")).raise_for_status().json()["items"]
        self._recorded.update((node["metadata"]["name"], "node-1") for node in nodes)
        found = (await self.api.get("/api/v1/namespaces/default/services/kubernetes")).raise_for_status().json()
        self._kubernetes = found["spec"]["clusterIP"]
        self._services = ipaddress.ip_network(f"{self._kubernetes}/16", strict=False)
        own = "|".join([self.namespace, *self._names.values()])
        named = "|".join(re.escape(node["metadata"]["name"]) for node in nodes)
        self._said = re.compile(rf"{own}|(?<![\w-])(?:{named})(?![\w-])")

    async def stop(self) -> None:
        await self._server.stop()
        for kind in GLOBAL:
            for name in self._names.values():
                await self.api.delete(f"{RIGHTS}/{kind}/{name}")
        namespaces = (self.namespace, self._names["team-a"])
        for name in namespaces:
            await self.api.delete(f"/api/v1/namespaces/{name}")

        async def gone() -> bool:
            answers = [await self.api.get(f"/api/v1/namespaces/{name}") for name in namespaces]
            return all(answer.status_code == 404 for answer in answers)

        await until(gone)
        await self.api.aclose()
        await self._nobody.aclose()

    def listen(self, tell: Tell) -> None:
        self._forward.tell = tell

    def ours(self, recorded: str) -> str:
        for name, own in self._names.items():
            recorded = recorded.replace(name, own)
        return NAMESPACE.sub(rf"\g<1>{self.namespace}", recorded)

    def familiar(self, said: str) -> str:
        said = self._said.sub(lambda found: self._recorded[found[0]], said)
        return ADDRESS.sub(lambda found: self._familiar_address(found[0]), said)

    def _familiar_address(self, said: str) -> str:
        if said in OWN_ADDRESSES or any(int(part) > 255 for part in said.split(".")):
            return said
        if said == self._kubernetes:
            return "10.96.0.1"
        return "10.96.7.7" if ipaddress.ip_address(said) in self._services else "10.244.7.7"

    async def forget_history(self) -> None:
        """A cluster that lives forgets by itself, after five minutes; one that is younger is asked in vain."""
        query = {"watch": "true", "resourceVersion": "1", "timeoutSeconds": "1"}
        answer = await self.api.get("/api/v1/namespaces", params=query)
        if '"code":410' not in answer.text:
            pytest.fail("the cluster still knows its whole history: try again when it is 5 minutes old", pytrace=False)


def _without_user(kubeconfig: Path, folder: Path) -> Path:
    """A kubeconfig that leads to the same cluster as nobody."""
    config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    for entry in config["contexts"]:
        entry["context"].pop("user", None)
    for entry in config["clusters"]:
        if "certificate-authority" in entry["cluster"]:
            authority = kubeconfig.parent / entry["cluster"]["certificate-authority"]
            entry["cluster"]["certificate-authority"] = str(authority.absolute())
    (folder / "nobody").write_text(yaml.safe_dump({**config, "users": []}))
    return folder / "nobody"


@asynccontextmanager
async def cluster(folder: Path, live_kubeconfig: Path | None = None) -> AsyncIterator[Cluster]:
    """The live cluster of the kubeconfig, or a simulator."""
    if live_kubeconfig is None:
        async with Simulated(Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0")) as simulated:
            yield simulated
        return
    live = Live(live_kubeconfig, folder)
    await live.start()
    try:
        yield live
    finally:
        await live.stop()
