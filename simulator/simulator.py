"""The simulator to embed: a Kubernetes API over TLS, its cluster, its pods, and its control API.

    async with Simulator(Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0")) as simulator:
        simulator.load("apiVersion: v1 …")
        simulator.url, simulator.ca, simulator.token, simulator.kubeconfig, simulator.control_url

Without sockets (`Settings(sockets=False)`) the same simulator runs inside one event loop, in virtual time too:

    async with Simulator(Settings(sockets=False, seed=1)) as simulator, simulator.connect() as api:
        await api.get("/api/v1/pods")

`stop_server` and `start_server` end and begin the API as a shutdown and a restart do, on the same port; pods go on
serving meanwhile. With `keep` everything is there again afterwards; without it the cluster begins as it did at first,
and so it does after `reset`.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import shutil
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from simulator.access import kubeconfig
from simulator.access.authentication import ACCOUNTS, ADMIN
from simulator.access.bootstrap import bootstrap_roles
from simulator.access.certificates import Authority, Pair, renew, server_context
from simulator.api.application import Application
from simulator.api.backend import Backend
from simulator.api.faults import Faults
from simulator.api.server import ApiServer
from simulator.clock import Clock
from simulator.cluster import manifests
from simulator.cluster.machine import Machine
from simulator.control.control import Control
from simulator.control.http import JsonServer, is_loopback
from simulator.errors import Expired
from simulator.extensions.registration import register
from simulator.kubelet.network import PodNetwork, claim, unclaimed
from simulator.settings import Settings, SettingsError, address
from simulator.store.store import Store

if TYPE_CHECKING:
    import httpx

    from simulator.access.authentication import Peer
    from simulator.memory import MemoryServer
    from simulator.recording.format import Recording
    from simulator.recording.player import Player

IN_MEMORY = "kubernetes.default.svc"
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
        self.machine: Machine | Player
        self._recording: Recording | None = None
        self._backend = Backend.of(self.store, self.clock, self.random)
        self._application = Application(self._backend)
        self._network: PodNetwork
        self._server: ApiServer | MemoryServer
        self._authority: Authority
        self._context: ssl.SSLContext
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
        settings = self.settings
        _check(settings)
        self._loaded = [entry for path in settings.load for entry in manifests.read(path)]
        if settings.replay is not None:
            self._recording = _read_recording(settings)
        try:
            await (self._start() if settings.sockets else self._start_in_memory())
        except BaseException:
            await self.stop()
            raise

    async def _start_in_memory(self) -> None:
        from simulator.memory import MemoryServer

        self._network = unclaimed(self.settings.pod_network)
        self._backend.authenticator.add_static(self.token, ADMIN)
        self._server = MemoryServer(self._application, IN_MEMORY, 6443)
        self.url = f"https://{IN_MEMORY}"
        await self._server.start()
        self._undo += [self._application.close, self._server.stop]
        self._begin()

    async def _start(self) -> None:
        host, port = address(self.settings.listen, "listen")
        control_host, control_port = address(self.settings.control_listen, "control-listen")
        self._folder = Path(tempfile.mkdtemp(prefix="edge-simulator-"))
        self._undo.append(lambda: shutil.rmtree(self._folder, ignore_errors=True))
        self._network = claim(self.settings.pod_network, random.Random())
        self._undo.append(self._network.close)
        self._issue()
        self._backend.authenticator.add_static(self.token, ADMIN)
        self._context = server_context(self._authority, self._authority.server([host]), self._folder)
        self._server = ApiServer(self._application, host, port, self._context)
        await _listening(self._server.start(), self.settings.listen, "listen")
        self._undo += [self._application.close, self._server.stop]
        self.url = _url("https", host, self._server.port)
        self._begin()
        control = JsonServer(Control(self).handle, token=self.settings.control_token)
        await _listening(control.start(control_host, control_port), self.settings.control_listen, "control-listen")
        self._undo.append(control.stop)
        self.control_url = _url("http", *control.address)
        self._write_kubeconfig()

    def _issue(self) -> None:
        """A certificate authority and the administrator's identity."""
        self._authority = Authority(self.clock.now())
        self.ca = self._authority.certificate
        self.client = self._authority.client("admin", ("system:masters",))

    def _write_kubeconfig(self) -> None:
        path, client = self.kubeconfig, self.client
        try:
            kubeconfig.write(path, server=self.url, ca=self.ca, certificate=client.certificate, key=client.key)
        except OSError as error:
            raise SettingsError(f"kubeconfig: {path} cannot be written: {error.strerror}") from None

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
        if self._recording is not None:
            self._replay(self._recording)
            return
        machine = self._make_machine()
        bootstrap_roles(self.store)
        register(self.store, self._backend.table)
        machine.start(self.settings.nodes, "127.0.0.1", self._server.port)
        manifests.apply(self.store, self._backend.find, self._loaded)

    def _replay(self, recording: Recording) -> None:
        from simulator.recording.player import Player, table_of

        table = table_of(recording)
        self._backend.show(table)
        self.machine = Player(recording, table, self.store, self.settings.speed)
        self.machine.start()

    def _make_machine(self) -> Machine:
        self.machine = machine = Machine(
            self.store,
            self._backend.table.rows,
            self.clock,
            self.random,
            self._network,
            self._backend.issuer.legacy,
            serve=self.settings.pods == "serve" and self.settings.sockets,
            ca=self.ca.decode(),
        )
        return machine

    # what embedding code does

    def load(self, manifest: str | Path) -> None:
        """Create (or replace) what a manifest holds: a path of a file or folder, or YAML text. ManifestError."""
        found = manifests.read(manifest) if isinstance(manifest, Path) else manifests.parse(manifest, "manifest")
        manifests.apply(self.store, self._backend.find, found)

    def transport(self, peer: Peer | None = None) -> httpx.AsyncBaseTransport:
        """A way in for httpx clients of this event loop that needs no socket. Only without `sockets`."""
        from simulator.memory import MemoryServer

        if not isinstance(self._server, MemoryServer):
            raise SettingsError("this simulator listens: connect to its url, or start it with sockets=False")
        return self._server.transport(peer)

    def connect(self, token: str | None = None, **options: Any) -> httpx.AsyncClient:
        """A client of this event loop with the administrator's token (or `token`). Only without `sockets`.

        `options` are httpx's; its timeouts (5 s for each read) hold on the simulator's clock.
        """
        import httpx

        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return httpx.AsyncClient(transport=self.transport(), base_url=self.url, headers=headers, **options)

    # what the control API does

    def state(self) -> dict[str, Any]:
        """What runs, for people and scenarios."""
        return {
            "server": "running" if self._server.running else "stopped",
            "url": self.url,
            "kubeconfig": str(self.kubeconfig) if self.settings.sockets else "",
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

    def revoke(self, namespace: str, service_account: str, *, at_once: bool = False) -> int:
        """Revoke all tokens an account has now; remembered successes hold for up to 10 s, unless `at_once`."""
        if self.store.record(ACCOUNTS, namespace, service_account) is None:
            raise LookupError(f"there is no service account {namespace}/{service_account}")
        self._backend.authenticator.revoke(namespace, service_account, at_once=at_once)
        return 1

    def rotate_certificate(self, *, new_authority: bool = False, drop: bool = False) -> None:
        """Show another certificate to new connections; with `drop` the open ones break off.

        A new authority is not trusted by who knows only the old one; `ca`, the kubeconfig and the ConfigMaps
        kube-root-ca.crt are renewed. Client certificates of either authority are good.
        """
        if isinstance(self._server, ApiServer):
            if new_authority:
                self._issue()
                self._write_kubeconfig()
                if isinstance(self.machine, Machine):
                    self.machine.trust(self.ca.decode())
            host, _ = address(self.settings.listen, "listen")
            renew(self._context, self._authority, self._authority.server([host]), self._folder)
        if drop:
            self._server.drop()

    def compact(self, revision: int | None) -> int:
        """Forget the history up to `revision` (all of it when None)."""
        self.store.compact(revision)
        return self.store.compacted

    async def roll_back(self, revision: int | None = None, behind: int = 0) -> int:
        """Everything as it was at `revision` (or `behind` revisions ago), as after a restored backup of etcd.

        Watches end, later revisions are given out a second time. LookupError when the history does not reach back.
        """
        wanted = max(self.store.revision - behind, 1) if revision is None else revision
        if wanted > self.store.revision:
            raise LookupError(f"revision {wanted} is in the future; now is {self.store.revision}")
        self._application.close_streams()
        await self.machine.stop()
        try:
            self.store.roll_back(wanted)
        except Expired as error:
            raise LookupError(error.message) from None
        finally:
            self._backend.reread()
            if self._recording is None:
                self._make_machine()
            if not self._server.running:
                self.machine.gate.close()
            self.machine.resume()
        return wanted

    async def stop_server(self, keep: bool = True, *, crash: bool = False) -> None:
        """Stop the API; pods serve on, nothing is written. Without `keep` the next start is empty.

        Connections end as a shutdown ends them, or break off as in a `crash`.
        """
        self._keep = self._keep and keep
        if self._server.running:
            self.machine.gate.close()
            await self._server.stop(crash)

    async def start_server(self) -> None:
        """Start the API again where it was."""
        if self._server.running:
            return
        if not self._keep:
            await self._begin_again()
            self._backend.authenticator.forget()
        self._backend.authenticator.restarted()
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
        self._backend.reread()
        self._begin()


def _check(settings: Settings) -> None:
    control_host, _ = address(settings.control_listen, "control-listen")
    address(settings.listen, "listen")
    if settings.sockets and settings.control_token is None and not is_loopback(control_host):
        raise SettingsError(
            f"control-listen {settings.control_listen} can be reached from other machines: "
            "give a --control-token, or listen on 127.0.0.1"
        )
    runs_at = getattr(asyncio.get_running_loop(), "time_factor", 1.0)
    if settings.time_factor != runs_at:
        raise SettingsError(
            f"time-factor {settings.time_factor:g}: this event loop runs at {runs_at:g}; "
            "start it with simulator.loops.run_scaled(main, factor)"
        )


def _read_recording(settings: Settings) -> Recording:
    from simulator.recording.format import RecordingError, read

    assert settings.replay is not None
    if settings.speed <= 0:
        raise SettingsError(f"speed: expected more than 0, got {settings.speed:g}")
    if settings.load:
        raise SettingsError("a recording is replayed as it is: give --load or --replay, not both")
    try:
        return read(settings.replay)
    except RecordingError as error:
        raise SettingsError(str(error)) from None


async def _listening(starting: Any, where: str, name: str) -> None:
    try:
        await starting
    except OSError as error:
        raise SettingsError(f"{name}: cannot listen on {where}: {error.strerror or error}") from None


def _url(scheme: str, host: str, port: int) -> str:
    host = ANYWHERE.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
