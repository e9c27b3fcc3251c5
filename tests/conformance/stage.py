"""A cluster, a shell with the real kubectl, and a record of every HTTP exchange between them."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import yaml

from tests.conformance import normal
from tests.conformance.cluster import Cluster, cluster
from tests.conformance.exchanges import OWN_AGENT, Exchange
from tests.conformance.waiting import until

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
FILES = (Path(__file__).parent / "files", Path(__file__).parents[1] / "simulator" / "files")


class Told(msgspec.Struct):
    """What a command did, in the form of `recorded.json`."""

    exit: int
    out: list[str]
    err: list[str]
    exchanges: list[dict[str, Any]]


class Said(msgspec.Struct):
    """What a command printed, as it is."""

    exit: int
    out: str
    err: str


class Running:
    """A command that has been started; `claims` is a part of a path that only this command asks for."""

    def __init__(self, process: asyncio.subprocess.Process, claims: str, cluster: Cluster) -> None:
        self.claims = claims
        self._cluster = cluster
        self.exchanges: list[Exchange] = []
        self._process = process
        self._printed = asyncio.ensure_future(process.communicate())

    async def watched(self, wanted: str, times: int = 1) -> None:
        """Wait until what it was sent holds this text so often."""
        await until(lambda: b"".join(one.body for one in self.exchanges).count(wanted.encode()) >= times)

    async def said(self) -> Said:
        out, err = await self._printed
        familiar = self._cluster.familiar
        return Said(self._process.returncode or 0, familiar(out.decode()), familiar(err.decode()))

    async def end(self) -> Told:
        said = await self.said()
        asked = [one.as_recorded(self._cluster.familiar) for one in self.exchanges]
        return Told(said.exit, normal.output(said.out), normal.text(said.err), asked)

    async def interrupt(self) -> Told:
        """End it as `timeout` ends a command: exit code 124."""
        self.stop()
        return msgspec.structs.replace(await self.end(), exit=124)

    def stop(self) -> None:
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGTERM)


class Stage:
    """Runs command lines as they were recorded; `variables` are what their `$NAME` stand for."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self._folder = folder
        self._running: list[Running] = []
        self.variables = {"SERVER": cluster.url, "ADMIN_TOKEN": cluster.token}
        assert KUBECTL is not None
        search = f"{Path(KUBECTL).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = {"PATH": search, "HOME": str(folder), "KUBECONFIG": str(folder / "config")}
        self._write_config()
        for source in FILES:
            for file in source.glob("*.y*ml"):
                self.write(file.name, file.read_text())
        context = ssl.create_default_context(cadata=cluster.ca.decode())
        headers = {"User-Agent": OWN_AGENT, "Authorization": f"Bearer {cluster.token}"}
        self.api = httpx.AsyncClient(base_url=cluster.url, verify=context, headers=headers, trust_env=False, timeout=20)
        cluster.listen(self._tell)

    def _write_config(self) -> None:
        """A kubeconfig with a token, as the recordings' was: a certificate would win over `--token`."""
        server = {"server": self.cluster.url, "certificate-authority-data": base64.b64encode(self.cluster.ca).decode()}
        context = {"cluster": "it", "user": "admin", "namespace": self.cluster.namespace}
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "it", "cluster": server}],
            "users": [{"name": "admin", "user": {"token": self.cluster.token}}],
            "contexts": [{"name": "it", "context": context}],
            "current-context": "it",
        }
        (self._folder / "config").write_text(yaml.safe_dump(config))

    def read(self, name: str) -> str:
        return (self._folder / name).read_text()

    def write(self, name: str, text: str) -> None:
        """A file for the commands."""
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.cluster.ours(text))

    def _tell(self, exchange: Exchange) -> None:
        if self.cluster.live and exchange.path == f"/api/v1/namespaces/{self.cluster.namespace}":
            return  # when kubectl does not find something elsewhere than in default, it asks whether there is a place
        claimed = [one for one in self._running if one.claims and one.claims in exchange.path]
        (claimed or self._running)[-1].exchanges.append(exchange)

    async def begin(self, command: str, claims: str = "") -> Running:
        """Start a command line, with an empty discovery cache. `timeout N` is left to `Running.interrupt`."""
        cache = tempfile.mkdtemp(dir=self._folder)
        line = command.partition(" ")[2].partition(" ")[2] if command.startswith("timeout ") else command
        line = self.cluster.ours(line).replace("Bearer $ADMIN_TOKEN", f"Bearer {self.cluster.token}")
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", line,
            cwd=self._folder, start_new_session=True, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**self._environment, **self.variables, "KUBECACHEDIR": cache},
        )  # fmt: skip
        self._running.append(Running(process, claims, self.cluster))
        return self._running[-1]

    async def play(self, command: str) -> Told:
        return await (await self.begin(command)).end()

    async def said(self, command: str) -> Said:
        return await (await self.begin(command)).said()

    async def close(self) -> None:
        """End what a failed test left running."""
        for running in self._running:
            running.stop()
        await asyncio.gather(*(running.end() for running in self._running), return_exceptions=True)
        await self.api.aclose()

    # what happened beside the commands

    async def scale(self, replicas: int, name: str = "test-hello") -> None:
        """Change the number of replicas and wait until as many pods, and no others, are there and ready."""
        await self.merge(f"/apis/apps/v1/namespaces/default/deployments/{name}/scale", {"spec": {"replicas": replicas}})
        await self.settled(replicas)

    async def merge(self, path: str, patch: Any) -> None:
        """Change an object by a merge patch."""
        await self.ask("PATCH", path, patch, {"Content-Type": "application/merge-patch+json"})

    async def get(self, path: str) -> Any:
        return await self.ask("GET", path)

    async def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """What the cluster answers to a path with recorded names, in its own."""
        answer = await self.api.request(method, self.cluster.ours(path), json=body, headers=headers)
        return answer.raise_for_status().json()

    async def settled(self, ready: int) -> None:
        """Wait until the tutorial's pods are so many, all ready, none is ending, and the Deployment says so."""

        async def look() -> bool:
            pods = (await self.get("/api/v1/namespaces/default/pods?labelSelector=app%3Dtest-hello"))["items"]
            states = [one for pod in pods for one in pod["status"].get("conditions", ()) if one["type"] == "Ready"]
            ending = any("deletionTimestamp" in pod["metadata"] for pod in pods)
            deployment = await self.get("/apis/apps/v1/namespaces/default/deployments/test-hello")
            status = deployment["status"]
            said = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
            seen = status.get("observedGeneration") == deployment["metadata"]["generation"] and said == [ready] * 3
            return seen and not ending and len(pods) == ready == sum(one["status"] == "True" for one in states)

        await until(look)


@asynccontextmanager
async def stage(folder: Path, live_kubeconfig: Path | None = None) -> AsyncIterator[Stage]:
    async with cluster(folder, live_kubeconfig) as played_on:
        set_up = Stage(played_on, folder)
        try:
            yield set_up
        finally:
            await set_up.close()
