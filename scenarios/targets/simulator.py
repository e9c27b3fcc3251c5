"""The default target: a simulator of its own for every case, on free ports, with real pods on loopback addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from edge.demo.kubernetes import connection
from edge.demo.processes import Child, DemoError, start
from edge.tasks import Tasks
from scenarios.errors import StepError, TargetError
from scenarios.kubernetes import Kubernetes
from scenarios.model import Need
from scenarios.targets import Address, ApiServer, Control, Nodes, account


class HttpTransport:
    """Requests with httpx."""

    def __init__(self, server: str, options: dict[str, Any]) -> None:
        self._client = httpx.AsyncClient(base_url=server, **options)

    async def send(self, method: str, path: str, body: bytes | None, content_type: str) -> tuple[int, bytes]:
        try:
            headers = {"content-type": content_type} if body is not None else {}
            response = await self._client.request(method, path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise StepError(
                f"{method} {path.partition('?')[0]} got no answer: {error or type(error).__name__}"
            ) from None
        return response.status_code, response.content

    async def lines(self, path: str) -> AsyncIterator[bytes]:
        try:
            async with self._client.stream("GET", path, timeout=None) as response:
                async for line in response.aiter_lines():
                    yield line.encode()
        except httpx.HTTPError as error:
            raise StepError(f"the watch of {path.partition('?')[0]} broke: {error or type(error).__name__}") from None

    async def close(self) -> None:
        await self._client.aclose()


class HttpControl:
    """The simulator's control API."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=f"{url}/control/v1/", trust_env=False, timeout=30)

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        response = await self._client.request(method, path, json=body)
        if response.is_success:
            return response.json() if response.content else None
        try:
            message = response.json()["error"]["message"]
        except (ValueError, KeyError, TypeError):
            message = response.text[:300]
        raise StepError(f"the simulator answered {response.status_code} to {method} {path}: {message}")

    async def close(self) -> None:
        await self._client.aclose()


class SimulatorApiServer:
    """The simulator's API server, which can go while its pods serve on."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._silence: str | None = None  # the fault that makes it silent

    async def stop(self, keep: bool) -> None:
        await self._control.send("POST", "server", {"state": "stopped", "keep": keep})

    async def start(self) -> None:
        await self._control.send("POST", "server", {"state": "running"})

    async def pause(self) -> None:
        if self._silence is None:
            answer = await self._control.send("POST", "faults", {"match": {}, "fault": {"type": "silence"}})
            self._silence = answer["id"]

    async def resume(self) -> None:
        if self._silence is not None:
            await self._control.send("DELETE", f"faults/{self._silence}")
            self._silence = None


class SimulatorTarget:
    """One simulator process, in which `time_factor` seconds pass in a real one."""

    name = "simulator"
    offers: tuple[Need, ...] = ("simulator", "api-server", "clusters")
    nodes: Nodes | None = None

    def __init__(self, time_factor: float = 1.0) -> None:
        self.time_factor = time_factor
        self._tasks = Tasks()
        self._child: Child | None = None
        self._address = ("", 0)
        self.kubernetes: Kubernetes
        self.control: Control | None = None
        self.api_server: ApiServer | None = None
        self._control: HttpControl | None = None

    async def open(self, folder: Path) -> None:
        kubeconfig = folder / "kubeconfig"
        logs = folder / "logs" / "simulator"
        logs.mkdir(parents=True, exist_ok=True)
        listen = ["--listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0", "--kubeconfig", str(kubeconfig)]
        listen += ["--time-factor", str(self.time_factor)]
        try:
            self._child = await start("simulator", listen, logs)
            await self._child.wait_ready(self._tasks)
        except (DemoError, OSError) as error:
            raise TargetError(str(error)) from None
        parts = urlsplit(self._child.ready[0])
        assert parts.hostname is not None
        assert parts.port is not None
        self._address = (parts.hostname, parts.port)
        self.kubernetes = Kubernetes(HttpTransport(*connection(kubeconfig)))
        self.control = self._control = HttpControl(self._child.ready[2])
        self.api_server = SimulatorApiServer(self._control)

    async def address(self) -> Address:
        host, port = self._address
        return Address(host, port, await account.token(self.kubernetes))

    async def close(self) -> None:
        if self._control is not None:
            await self._control.close()
            await self.kubernetes.close()
        if self._child is not None:
            await self._child.stop()
        await self._tasks.close()
