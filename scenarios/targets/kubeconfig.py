"""Any cluster that a kubeconfig describes, through the official client: its credentials, plugins and proxies included.

The client is synchronous, so each request and each watch has a thread while it lasts. What the case applied is deleted
at its end; the cluster is the user's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge import clock
from scenarios.errors import StepError, TargetError
from scenarios.kubernetes import Kubernetes
from scenarios.model import Need
from scenarios.targets import Address, Control, account

THREADS = 16
SILENCE = 60.0  # seconds without a line after which a watch is given up


class ClientTransport:
    """Requests with the official `kubernetes` client."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(THREADS, "kubernetes")

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
        def begin() -> Any:
            return self._open("GET", path, None, "", SILENCE)

        try:
            response = await clock.run_blocking(begin, self._threads)
        except Exception as error:
            raise StepError(f"the watch of {path.partition('?')[0]} cannot be had: {error}") from None
        pieces, rest = response.stream(65536), b""
        try:
            while True:
                try:
                    piece = await clock.run_blocking(lambda: next(pieces, b""), self._threads)
                except Exception as error:
                    raise StepError(f"the watch of {path.partition('?')[0]} broke: {error}") from None
                if not piece:
                    return
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    yield line
        finally:
            response.close()

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class KubeconfigTarget:
    """The current context of a kubeconfig."""

    offers: tuple[Need, ...] = ()
    control: Control | None = None

    def __init__(self, path: Path) -> None:
        self.name = f"kubeconfig:{path}"
        self._path = path
        self._configuration: Any = None
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
        except (kubernetes.config.ConfigException, OSError, ValueError) as error:
            raise TargetError(f"the kubeconfig {self._path} cannot be used: {error}") from None
        self.kubernetes = Kubernetes(ClientTransport(kubernetes.client.ApiClient(self._configuration)))
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
        if self._configuration is None:
            return
        try:
            await self.kubernetes.delete_applied()
        finally:
            await self.kubernetes.close()
