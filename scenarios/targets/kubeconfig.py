"""Any cluster that a kubeconfig describes, through the official client: its credentials, plugins and proxies included.

The client is synchronous, so each request and each read of a watch has a thread while it lasts. What the case made is
deleted at its end, and waited for; what was there before it stays: the cluster is the user's.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge import clock
from scenarios.errors import StepError, TargetError
from scenarios.kubernetes import Kubernetes
from scenarios.model import Need
from scenarios.targets import Address, ApiServer, Control, Nodes, account
from scenarios.targets.threads import Threads
from scenarios.targets.turns import Turn

SILENCE = 60.0  # seconds without a line after which a watch is given up


class ClientTransport:
    """Requests with the official `kubernetes` client."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._threads = Threads()
        self._watches: list[_Watch] = []

    def _open(self, method: str, path: str, body: bytes | None, content_type: str, timeout: float) -> Any:
        headers: dict[str, str] = {"Accept": "application/json", "User-Agent": "edge-scenario"}
        if body is not None:
            headers["Content-Type"] = content_type
        self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        return self._client.rest_client.pool_manager.request(
            method,
            self._client.configuration.host + path,
            body=body,
            headers=headers,
            preload_content=False,
            timeout=timeout,
            retries=False,
        )

    async def send(self, method: str, path: str, body: bytes | None, content_type: str) -> tuple[int, bytes]:
        def ask() -> tuple[int, bytes]:
            response = self._open(method, path, body, content_type, 30)
            try:
                return int(response.status), bytes(response.read())
            finally:
                response.release_conn()

        try:
            return await clock.run_blocking(ask, self._threads)
        except Exception as error:  # urllib3's, ssl's and the plugins' own: all mean that no answer came
            raise StepError(f"{method} {path.partition('?')[0]} got no answer: {error}") from None

    async def lines(self, path: str) -> AsyncIterator[bytes]:
        watch = _Watch(lambda: self._open("GET", path, None, "", SILENCE))
        self._watches.append(watch)
        what, rest = f"the watch of {path.partition('?')[0]}", b""
        try:
            while True:
                try:
                    piece = await clock.run_blocking(watch.read, self._threads)
                except Exception as error:
                    raise StepError(f"{what} broke: {error}") from None
                if not piece:
                    return
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    yield line
        finally:
            self._watches.remove(watch)
            watch.end()

    async def close(self) -> None:
        for watch in self._watches:
            watch.end()


class _Watch:
    """The answer to one watch, read by one thread at a time and ended by another: its socket is shut down, which wakes
    whoever reads from it, and whoever comes last closes it."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin
        self._response: Any = None
        self._pieces: Iterator[bytes] = iter(())
        self._ended = False
        self._reading = threading.Lock()

    def read(self) -> bytes:
        """The next piece, empty at the end; what the client raises when there is none."""
        with self._reading:
            try:
                if self._response is None and not self._ended:
                    self._response = self._begin()
                    self._pieces = self._response.stream(65536)
                return b"" if self._ended else next(self._pieces, b"")
            finally:
                if self._ended:
                    self._close()

    def end(self) -> None:
        """Never waits."""
        self._ended = True
        if self._response is not None:
            try:
                self._response.shutdown()
            except (OSError, RuntimeError, ValueError):
                pass  # it has ended by itself
        if self._reading.acquire(blocking=False):
            self._close()
            self._reading.release()

    def _close(self) -> None:
        if self._response is not None:
            self._response.close()


class KubeconfigTarget:
    """The current context of a kubeconfig."""

    offers: tuple[Need, ...] = ()
    control: Control | None = None
    api_server: ApiServer | None = None
    nodes: Nodes | None = None

    def __init__(self, path: Path) -> None:
        self.name = f"kubeconfig:{path}"
        self._path = path
        self._configuration: Any = None
        self._reached = False
        self._turn: Turn | None = None
        self.kubernetes: Kubernetes

    async def open(self, folder: Path) -> None:
        try:
            import kubernetes.client
            import kubernetes.config
        except ImportError:
            raise TargetError(
                "the target kubeconfig needs the `kubernetes` client: pip install 'edge[scenarios]'"
            ) from None
        self._configuration = kubernetes.client.Configuration()
        load: Any = kubernetes.config.load_kube_config
        try:
            load(str(self._path), client_configuration=self._configuration)
        except Exception as error:  # whatever the client's reading of a wrong file meets
            raise TargetError(f"the kubeconfig {self._path} cannot be used: {error}") from None
        self._turn = Turn(self._configuration.host)
        await self._turn.take()
        self.kubernetes = Kubernetes(ClientTransport(kubernetes.client.ApiClient(self._configuration)))
        self._reached = True
        try:
            async with asyncio.timeout(20):
                await self.kubernetes.request("GET", "/version")
        except (StepError, TimeoutError) as error:
            raise TargetError(
                f"the cluster of {self._path} does not answer: {error or 'nothing came in 20 s'}"
            ) from None

    async def address(self) -> Address:
        parts = urlsplit(self._configuration.host)
        authority = await clock.run_blocking(self._authority)
        host, port = parts.hostname or "", parts.port or 443
        return Address(host, port, await account.token(self.kubernetes), authority)

    def _authority(self) -> str | None:
        file = self._configuration.ssl_ca_cert
        return Path(file).read_text(encoding="ascii") if file and self._configuration.verify_ssl else None

    async def close(self) -> None:
        try:
            if self._reached:
                await self.kubernetes.clean_up()
        finally:
            if self._reached:
                await self.kubernetes.close()
            if self._turn is not None:
                self._turn.leave()
