"""The simulator to embed: a Kubernetes API over TLS, its cluster, its pods, and its control API.

    async with Simulator(Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0")) as simulator:
        simulator.load("apiVersion: v1 …")
        simulator.url, simulator.ca, simulator.token, simulator.kubeconfig, simulator.control_url

`stop_server` and `start_server` end and begin the API as a shutdown and a restart do, on the same port; pods go on
serving meanwhile. With `keep` everything is there again afterwards; without it the cluster begins as it did at first,
and so it does after `reset`.
"""

from __future__ import annotations

import random
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from simulator import kubeconfig, manifests
from simulator.access.authentication import ACCOUNTS, ADMIN
from simulator.access.bootstrap import bootstrap_roles
from simulator.api.application import Application
from simulator.api.backend import Backend
from simulator.api.faults import Faults
from simulator.api.server import ApiServer
from simulator.certificates import Authority, Pair, server_context
from simulator.clock import Clock
from simulator.control import Control
from simulator.control_http import JsonServer, is_loopback
from simulator.kubelet.network import PodNetwork, claim
from simulator.machine import Machine
from simulator.resources import RESOURCES
from simulator.settings import Settings, SettingsError, address
from simulator.store import Store

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Simulator:
    """See the module's essay. `ca` is PEM; `token` and the kubeconfig's certificate are the administrator's."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = Clock()
        self.random = random.Random(self.settings.seed)
        self.store = Store(self.clock, self.random)
        self.token = secrets.token_urlsafe(32)
        self.url = ""
        self.control_url = ""
        self.ca = b""
        self.client: Pair
        self.machine: Machine
        self._backend = Backend.of(self.store, self.clock, self.random)
        self._application = Application(self._backend)
        self._network: PodNetwork
        self._server: ApiServer
        self._folder: Path
        self._keep = True
        self._loaded: list[tuple[str, Any]] = []
        self._undo: list[Callable[[], Any]] = []

    def __repr__(self) -> str:
        return f"<Simulator {self.url or 'not started'}>"

    async def __aenter__(self) -> Simulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def faults(self) -> Faults:
        """Faults injected into the API."""
        return self._backend.faults

    @property
    def kubeconfig(self) -> Path:
        """Where the administrator's kubeconfig is."""
        return self.settings.kubeconfig or self._folder / "kubeconfig"

    @property
    def pod_network(self) -> str:
        """The pod network as CIDR."""
        return str(self._network.network)

    # life

    async def start(self) -> None:
        """Listen, with the cluster as it is at first. Raises SettingsError, ManifestError, NetworkError."""
        host, port = address(self.settings.listen, "listen")
        control_host, control_port = address(self.settings.control_listen, "control-listen")
        if self.settings.control_token is None and not is_loopback(control_host):
            raise SettingsError(
                f"control-listen {self.settings.control_listen} can be reached from other machines: "
                "give a --control-token, or listen on 127.0.0.1"
            )
        loaded = [entry for path in self.settings.load for entry in manifests.read(path)]
        try:
            await self._start(host, port, control_host, control_port, loaded)
        except BaseException:
            await self.stop()
            raise

    async def _start(
        self, host: str, port: int, control_host: str, control_port: int, loaded: list[tuple[str, Any]]
    ) -> None:
        self._loaded = loaded
        self._folder = Path(tempfile.mkdtemp(prefix="edge-simulator-"))
        self._undo.append(lambda: shutil.rmtree(self._folder, ignore_errors=True))
        self._network = claim(self.settings.pod_network, random.Random())
        self._undo.append(self._network.close)
        authority = Authority(self.clock.now())
        self.ca = authority.certificate
        self.client = authority.client("admin", ("system:masters",))
        self._backend.authenticator.add_static(self.token, ADMIN)
        context = server_context(authority, authority.server([host]), self._folder)
        self._server = ApiServer(self._application, host, port, context)
        await _listening(self._server.start(), self.settings.listen, "listen")
        self._undo += [self._application.close, self._server.stop]
        self.url = _url("https", host, self._server.port)
        self._begin()
        control = JsonServer(Control(self).handle, token=self.settings.control_token)
        await _listening(control.start(control_host, control_port), self.settings.control_listen, "control-listen")
        self._undo.append(control.stop)
        self.control_url = _url("http", *control.address)
        kubeconfig.write(
            self.kubeconfig, server=self.url, ca=self.ca, certificate=self.client.certificate, key=self.client.key
        )

    async def stop(self) -> None:
        """End everything: servers, watches, pods; give the pod network back. May be called twice."""
        if hasattr(self, "machine"):
            await self.machine.stop()
        while self._undo:
            result = self._undo.pop()()
            if result is not None:
                await result

    def _begin(self) -> None:
        """The cluster as it is at first, on an empty store."""
        self.machine = Machine(
            self.store,
            RESOURCES.rows,
            self.clock,
            self.random,
            self._network,
            self._backend.issuer.legacy,
            serve=self.settings.pods == "serve",
        )
        bootstrap_roles(self.store)
        self.machine.start(self.settings.nodes, "127.0.0.1", self._server.port)
        manifests.apply(self.store, RESOURCES.rows, self._loaded)

    # what embedding code does

    def load(self, manifest: str | Path) -> None:
        """Create (or replace) what a manifest holds: a path of a file or folder, or YAML text. ManifestError."""
        found = manifests.read(manifest) if isinstance(manifest, Path) else manifests.parse(manifest, "manifest")
        manifests.apply(self.store, RESOURCES.rows, found)

    # what the control API does

    def state(self) -> dict[str, Any]:
        """What runs, for people and scenarios."""
        return {
            "server": "running" if self._server.running else "stopped",
            "url": self.url,
            "kubeconfig": str(self.kubeconfig),
            "revision": self.store.revision,
            "compacted": self.store.compacted,
            "watches": self._application.open_streams,
            "requests": self._application.requests.count,
            "faults": len(self.faults.list()),
            "pod_network": self.pod_network,
            **self.machine.state(),
        }

    def requests(self) -> list[dict[str, Any]]:
        """Who asked what, oldest first; no credentials."""
        return self._application.requests.list()

    def revoke(self, namespace: str, service_account: str) -> int:
        """Revoke all tokens an account has now; they fail once a remembered success is 10 s old."""
        if self.store.record(ACCOUNTS, namespace, service_account) is None:
            raise LookupError(f"there is no service account {namespace}/{service_account}")
        self._backend.authenticator.revoke(namespace, service_account)
        return 1

    def compact(self, revision: int | None) -> int:
        """Forget the history up to `revision` (all of it when None)."""
        self.store.compact(revision)
        return self.store.compacted

    async def stop_server(self, keep: bool) -> None:
        """Stop the API: connections end, nothing is written; pods serve on. Without `keep` the next start is empty."""
        self._keep = self._keep and keep
        if self._server.running:
            self.machine.gate.close()
            await self._server.stop()

    async def start_server(self) -> None:
        """Start the API again where it was."""
        if self._server.running:
            return
        if not self._keep:
            await self._begin_again()
        self._backend.authenticator.forget()
        await _listening(self._server.start(), self.settings.listen, "listen")
        self.machine.gate.reopen()

    async def reset(self) -> None:
        """Everything as at the start: objects, history, faults, remembered requests and revoked tokens."""
        self.faults.clear()
        await self._begin_again()
        self._application.requests.clear()
        self._backend.authenticator.forget()
        await self.start_server()

    async def _begin_again(self) -> None:
        self._keep = True
        await self.machine.stop()
        self._application.close_streams()
        self.store.reset()
        self._begin()


async def _listening(starting: Any, where: str, name: str) -> None:
    try:
        await starting
    except OSError as error:
        raise SettingsError(f"{name}: cannot listen on {where}: {error.strerror or error}") from None


def _url(scheme: str, host: str, port: int) -> str:
    host = ANYWHERE.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
