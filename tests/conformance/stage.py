"""A simulator, a shell with the real kubectl, and a record of every HTTP exchange between them."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import signal
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import yaml

from simulator.api.application import Application
from simulator.api.exchange import Receive, Scope, Send
from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.conformance import normal, watches

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
FILES = (Path(__file__).parent / "files", Path(__file__).parents[1] / "simulator" / "files")
OWN_AGENT = "conformance-stage"
"""What the stage itself asks is no part of a command."""


class Exchange(msgspec.Struct):
    """One request and the bytes of its answer, as they passed between the application and its server."""

    method: str
    path: str
    status: int = 0
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""

    def as_recorded(self) -> dict[str, Any]:
        """In the form of `recorded.json`; the shape itself instead of its number."""
        content_type = self.headers.get("content-type", "")
        kept: dict[str, Any] = {
            "asked": f"{self.method} {normal.path(self.path)}",
            "answered": f"{self.status} {content_type}",
        }
        body = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        if "watch=true" in self.path and self.status == 200:
            return {**kept, "lives": watches.lives([json.loads(line) for line in body.splitlines()])}
        if not body or "apidiscovery" in content_type or self.path.startswith("/openapi/"):
            return kept
        return {**kept, "shape": normal.body(content_type, body)}


class Listening(Application):
    """The application, and somebody who is told of every exchange."""

    tell: Callable[[Exchange], None] = staticmethod(lambda exchange: None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {key.decode().lower(): value.decode() for key, value in scope["headers"]}
        query = scope["query_string"].decode()
        path = scope["raw_path"].decode().partition("?")[0]
        exchange = Exchange(scope["method"], f"{path}?{query}" if query else path)
        if headers.get("user-agent") != OWN_AGENT:
            self.tell(exchange)

        async def keep(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.headers = {key.decode(): value.decode() for key, value in message["headers"]}
            else:
                exchange.body += message.get("body", b"")
            await send(message)

        await super().__call__(scope, receive, keep)


class Recorded(Simulator):
    """A simulator whose application tells of its exchanges."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._application: Listening = Listening(self._backend)

    def listen(self, tell: Callable[[Exchange], None]) -> None:
        self._application.tell = tell


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

    def __init__(self, process: asyncio.subprocess.Process, claims: str) -> None:
        self.claims = claims
        self.exchanges: list[Exchange] = []
        self._process = process
        self._printed = asyncio.ensure_future(process.communicate())

    async def watched(self, wanted: str, times: int = 1) -> None:
        """Wait until what it was sent holds this text so often."""
        await until(lambda: b"".join(one.body for one in self.exchanges).count(wanted.encode()) >= times)

    async def said(self) -> Said:
        out, err = await self._printed
        return Said(self._process.returncode or 0, out.decode(), err.decode())

    async def end(self) -> Told:
        out, err = await self._printed
        asked = [one.as_recorded() for one in self.exchanges]
        return Told(self._process.returncode or 0, normal.output(out.decode()), normal.text(err.decode()), asked)

    async def interrupt(self) -> Told:
        """End it as `timeout` ends a command: exit code 124."""
        self.stop()
        return msgspec.structs.replace(await self.end(), exit=124)

    def stop(self) -> None:
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGTERM)


class Stage:
    """Runs command lines as they were recorded; `variables` are what their `$NAME` stand for."""

    def __init__(self, simulator: Recorded, folder: Path) -> None:
        self.simulator = simulator
        self._folder = folder
        self._running: list[Running] = []
        self.variables = {"SERVER": simulator.url, "ADMIN_TOKEN": simulator.token}
        assert KUBECTL is not None
        search = f"{Path(KUBECTL).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = {"PATH": search, "HOME": str(folder), "KUBECONFIG": str(folder / "config")}
        self._write_config()
        for source in FILES:
            for file in source.glob("*.y*ml"):
                shutil.copyfile(file, folder / file.name)
        context = ssl.create_default_context(cadata=simulator.ca.decode())
        headers = {"User-Agent": OWN_AGENT, "Authorization": f"Bearer {simulator.token}"}
        self.api = httpx.AsyncClient(base_url=simulator.url, verify=context, headers=headers, trust_env=False)
        simulator.listen(self._tell)

    def _write_config(self) -> None:
        """A kubeconfig with a token, as the recordings' was: a certificate would win over `--token`."""
        config: dict[str, Any] = yaml.safe_load(self.simulator.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": self.simulator.token}
        (self._folder / "config").write_text(yaml.safe_dump(config))

    def _tell(self, exchange: Exchange) -> None:
        claimed = [one for one in self._running if one.claims and one.claims in exchange.path]
        (claimed or self._running)[-1].exchanges.append(exchange)

    async def begin(self, command: str, claims: str = "") -> Running:
        """Start a command line, with an empty discovery cache. `timeout N` is left to `Running.interrupt`."""
        cache = tempfile.mkdtemp(dir=self._folder)
        line = command.partition(" ")[2].partition(" ")[2] if command.startswith("timeout ") else command
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", line.replace("Bearer $ADMIN_TOKEN", f"Bearer {self.simulator.token}"),
            cwd=self._folder, start_new_session=True, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**self._environment, **self.variables, "KUBECACHEDIR": cache},
        )  # fmt: skip
        self._running.append(Running(process, claims))
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
        answer = await self.api.patch(path, json=patch, headers={"Content-Type": "application/merge-patch+json"})
        answer.raise_for_status()

    async def settled(self, ready: int) -> None:
        """Wait until the tutorial's pods are so many, all ready, and none is ending."""

        async def look() -> bool:
            pods = (await self.get("/api/v1/namespaces/default/pods?labelSelector=app%3Dtest-hello"))["items"]
            states = [one for pod in pods for one in pod["status"].get("conditions", ()) if one["type"] == "Ready"]
            ending = any("deletionTimestamp" in pod["metadata"] for pod in pods)
            return not ending and len(pods) == ready == sum(one["status"] == "True" for one in states)

        await until(look)

    async def get(self, path: str) -> Any:
        return (await self.api.get(path)).json()


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Look again every 20 ms until it holds; TimeoutError after 20 s."""
    async with asyncio.timeout(20):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    settings = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0")
    async with Recorded(settings) as simulator:
        set_up = Stage(simulator, folder)
        try:
            yield set_up
        finally:
            await set_up.close()
