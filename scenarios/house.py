"""Edge's real processes and its configuration: one Admin and gateways below one folder, driven over the public API."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from edge.demo.admin import AdminClient
from edge.demo.processes import Child, DemoError, start
from edge.tasks import Tasks
from scenarios.errors import StepError
from scenarios.model import ApplicationGiven, EdgeGiven, FurtherCluster, KubernetesGiven
from scenarios.targets import Address

Json = dict[str, Any]
PARTITION, GATEWAY_CLUSTER = "kubernetes-test-partition", "kubernetes-test-cluster"
SYNCED = 30.0  # seconds that the first release may take to reach every gateway
Begin = Callable[[str, Sequence[str], Path, Mapping[str, str]], Awaitable[Child]]
"""What starts a process: `edge COMMAND OPTIONS…`, with a folder for its log and what its environment has besides."""


class House:
    """The processes by name (`admin`, `gateway-1`, …), and the objects by the names that the file gives them."""

    def __init__(self, folder: Path, given: EdgeGiven, happened: Callable[[], None], begin: Begin = start) -> None:
        self.given = given
        self._begin = begin
        self.children: dict[str, Child] = {}
        self.gateways: dict[str, tuple[str, str]] = {}  # name → (URL, status URL), also while it is stopped
        self._folder = folder
        self._happened = happened
        self._token = secrets.token_urlsafe(24)
        self._tasks = Tasks()
        self._admin_url = ""
        self._cluster = ""  # the gateway cluster's id
        self.clusters: dict[str, str] = {}  # Kubernetes clusters: id → name
        self._upstreams: dict[str, str] = {}  # name → path
        self._client: AdminClient | None = None
        self.status = httpx.AsyncClient(trust_env=False, timeout=5)

    @property
    def admin(self) -> AdminClient:
        """The API's client. It stays the same over the Admin's stops and starts, for they keep its port."""
        if self._client is None:
            raise StepError("this file has no Edge: `given.edge` is none")
        return self._client

    # processes

    async def start_admin(self) -> None:
        """Start the Admin on a free port, or again on the port it had."""
        listen = self._admin_url.removeprefix("http://") or "127.0.0.1:0"
        options = ["--listen", listen, "--data-dir", str(self._folder / "admin")]
        secret = {"EDGE_ADMIN_PASSWORD": secrets.token_urlsafe(12), "EDGE_ADMIN_TOKEN": self._token}
        child = await self._start("admin", "admin", options, secret)
        self._admin_url = child.ready[0]
        if self._client is None:
            self._client = await AdminClient(self._admin_url, self._token, happened=self._happened).__aenter__()

    async def start_gateway(self, name: str, join_token: str = "") -> None:
        """Start a gateway, or start it again where it listened."""
        known = self.gateways.get(name)
        listen, status = (part.removeprefix("http://") for part in known or ("127.0.0.1:0", "127.0.0.1:0"))
        options = ["--admin", self._admin_url, "--name", name, "--listen", listen, "--status-listen", status]
        options += ["--workers", str(self.given.workers), "--data-dir", str(self._folder / name)]
        child = await self._start(name, "gateway", options, {"EDGE_GATEWAY_JOIN_TOKEN": join_token or "joined"})
        self.gateways[name] = (child.ready[0], child.ready[2])

    async def _start(self, name: str, command: str, options: list[str], environment: dict[str, str]) -> Child:
        if (before := self.children.get(name)) is not None and before.running:
            raise StepError(f"{name} is running already")
        folder = self._folder / "logs" / name
        folder.mkdir(parents=True, exist_ok=True)
        child = await self._begin(command, options, folder, environment)
        self.children[name] = child
        await child.wait_ready(self._tasks)
        return child

    def child(self, name: str) -> Child:
        """A process that was started. StepError naming those there are."""
        try:
            return self.children[name]
        except KeyError:
            raise StepError(f"expected one of the processes {', '.join(self.children)}, got {name!r}") from None

    async def kill(self, name: str) -> None:
        """kill -9, and wait until it is gone."""
        child = self.child(name)
        child.signal(signal.SIGKILL)
        await child.ended()

    def worker_ids(self, gateway: str) -> list[int]:
        """The process ids of a gateway's workers (Linux)."""
        agent = self.child(gateway).pid
        try:
            text = Path(f"/proc/{agent}/task/{agent}/children").read_text(encoding="ascii")
        except OSError as error:
            raise StepError(f"the workers of {gateway} cannot be found: {error}") from None
        return [int(pid) for pid in text.split()]

    def log_of(self, name: str) -> str:
        """What a process wrote so far."""
        return self.child(name).log.read_text(encoding="utf-8", errors="replace")

    async def close(self) -> None:
        """End every process, gateways first."""
        if self._client is not None:
            await self._client.__aexit__(None, None, None)
        await asyncio.gather(*(child.stop() for child in self._wake()))
        await self._tasks.close()
        await self.status.aclose()

    def _wake(self) -> list[Child]:
        """All processes; the paused ones go on, because a paused process does not hear that it shall end."""
        for name, child in self.children.items():
            child.signal(signal.SIGCONT)
            with contextlib.suppress(StepError, ProcessLookupError):
                for worker in self.worker_ids(name) if child.running and name in self.gateways else []:
                    os.kill(worker, signal.SIGCONT)
        return list(reversed(self.children.values()))

    # configuration

    async def open(self) -> None:
        """Start the Admin, and make the partition and the gateway cluster that gateways join."""
        await self.start_admin()
        partition = await self.admin.create("partitions", {"name": PARTITION})
        body = {"name": GATEWAY_CLUSTER, "partition": partition["id"]}
        self._cluster = str((await self.admin.create("gateway-clusters", body))["id"])

    async def start_gateways(self) -> None:
        """Start the gateways that are given."""
        uses = {"uses": self.given.gateways}
        join = await self.admin.create(f"gateway-clusters/{self._cluster}/join-tokens", uses)
        names = [f"gateway-{number + 1}" for number in range(self.given.gateways)]
        await asyncio.gather(*(self.start_gateway(name, join["token"]) for name in names))

    async def configure(self, addresses: Mapping[str, Address], further: Mapping[str, FurtherCluster]) -> None:
        """Register the Kubernetes clusters, by name, and make the applications that are given."""
        for name, address in addresses.items():
            timeout = further[name].read_timeout if name in further else self.given.cluster.read_timeout
            await self.register(name, address, timeout)
        for application in self.given.applications:
            await self._create(application)

    async def register(self, name: str, address: Address, read_timeout: float) -> None:
        """Register a Kubernetes cluster."""
        body = {
            "name": name,
            "host": address.host,
            "port": address.port,
            "ssl_verify": address.ca_certificate is not None,
            "ca_certificate": address.ca_certificate,
            "token": address.token,
            "read_timeout": read_timeout,
        }
        made = await self.admin.create("kubernetes-clusters", body)
        self.clusters[made["id"]] = name

    async def _create(self, given: ApplicationGiven) -> None:
        partition = await self.find("partitions", PARTITION)
        body: Json = {"name": given.name, "domains": given.domains, "partitions": [partition["id"]]}
        application = await self.admin.create("applications", body)
        path = f"applications/{application['id']}"
        upstreams: dict[str, str] = {}
        for upstream in given.upstreams:
            body = {"name": upstream.name}
            if upstream.kubernetes is not None:
                body["kubernetes"] = [self.kubernetes(source) for source in upstream.sources]
            else:
                body["servers"] = upstream.servers
            upstreams[upstream.name] = (await self.admin.create(f"{path}/upstreams", body))["id"]
        for rule in given.rules:
            actions = [await self.resolve(path, action, upstreams) for action in rule.actions]
            body = {"name": rule.name, "conditions": rule.conditions, "actions": actions}
            await self.admin.create(f"{path}/rules", body)

    def kubernetes(self, given: KubernetesGiven) -> Json:
        """An upstream's `kubernetes` as the API takes it."""
        known = {name: id for id, name in self.clusters.items()}
        if given.cluster not in known:
            raise StepError(f"there is no cluster {given.cluster!r}; there is {', '.join(known) or 'none'}")
        cluster = known[given.cluster]
        return {"cluster": cluster, "namespace": given.namespace, "service": given.service, "port": given.port}

    async def resolve(self, application: str, action: Json, known: Mapping[str, str] | None = None) -> Json:
        """A rule's action with upstreams' names replaced by their ids, which are asked for unless they are `known`."""
        if action.get("type") != "proxy":
            return action

        async def id_of(name: Any) -> Any:
            if known is not None and str(name) in known:
                return known[str(name)]
            return (await self.find(f"{application}/upstreams", str(name)))["id"]

        resolved = {**action}
        for field in ("upstream", "backup"):
            if field in action or (field == "upstream" and "upstreams" not in action):
                resolved[field] = await id_of(action.get(field, ""))
        if "upstreams" in action:
            resolved["upstreams"] = [
                {**each, "upstream": await id_of(each["upstream"])} for each in action["upstreams"]
            ]
        return resolved

    async def release_all(self) -> None:
        """Release every application that is given, and wait until every gateway has it."""
        for given in self.given.applications:
            await self.release(given.name, "given by the scenario", SYNCED)

    async def release(self, application: str, comment: str, within: float | None) -> int:
        """Release; with `within`, wait until every gateway that is online has it. The version."""
        path = await self.application(application)
        made = await self.admin.create(f"{path}/releases", {"comment": comment})
        if within is not None:
            await self.synced(path, int(made["version"]), within)
        return int(made["version"])

    async def synced(self, path: str, version: int, within: float) -> None:
        """Wait until a release is on every gateway that is online, and on at least one."""
        release = f"{path}/releases/{version}"

        def holds(view: Any) -> bool:
            return bool(view["sync"]["complete"]) and view["sync"]["applied"] >= 1

        try:
            await self.admin.until("every gateway synced", lambda: self.admin.get(release), holds, within)
        except DemoError as error:
            raise StepError(str(error)) from None

    # names

    async def find(self, path: str, name: str) -> Json:
        """The object called `name` in a list of the API. StepError naming those there are."""
        items: list[Json] = (await self.admin.get(f"{path}?limit=1000"))["items"]
        for item in items:
            if item["name"] == name:
                return item
        known = ", ".join(str(item["name"]) for item in items) or "nothing"
        raise StepError(f"there is no {name!r} in {path.rpartition('/')[2]}; there is {known}")

    async def application(self, name: str = "") -> str:
        """The path of an application; of the first one that is given when `name` is empty."""
        found = await self.find("applications", name or self.given.applications[0].name)
        return f"applications/{found['id']}"

    async def upstream(self, name: str) -> Json:
        """The upstream called `name`, in whichever application it is, as the Admin shows it. Where it was found is
        remembered, because it is asked for again and again."""
        if (path := self._upstreams.get(name)) is not None:
            try:
                view: Json = await self.admin.get(path)
                if view["name"] == name:
                    return view
            except DemoError:
                pass  # made anew, or gone, or the Admin is away: then the search says so
            self._upstreams.pop(name, None)
        known: list[str] = []
        for application in (await self.admin.get("applications?limit=1000"))["items"]:
            path = f"applications/{application['id']}/upstreams"
            for upstream in (await self.admin.get(f"{path}?limit=1000"))["items"]:
                if upstream["name"] == name:
                    self._upstreams[name] = f"{path}/{upstream['id']}"
                    found: Json = upstream
                    return found
                known.append(upstream["name"])
        raise StepError(f"there is no upstream {name!r}; there is {', '.join(known[:20]) or 'none'}")
