"""A simulator that runs beside synchronous code: its event loop in a thread of its own, its methods callable from any.

    with RunningSimulator(Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0")) as cluster:
        cluster.load("apiVersion: v1 …"); cluster.faults.add({...}); cluster.clock.advance(3600)

The loop is a `ScaledLoop`, so time can be moved ahead. This is what the pytest plugin's fixtures are made of.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from simulator import clock
from simulator.loops import ScaledLoop
from simulator.settings import Settings
from simulator.simulator import Simulator

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class RunningSimulator:
    """See the module's essay. `token`, `ca` (PEM) and `kubeconfig` are the administrator's."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._loop = ScaledLoop(settings.time_factor)
        self._thread = threading.Thread(target=self._run, name="kubernetes-simulator", daemon=True)
        self._simulator: Simulator
        self.faults = RunningFaults(self)
        self.clock = RunningClock(self, self._loop)

    def __repr__(self) -> str:
        return f"<RunningSimulator {self._simulator.url if hasattr(self, '_simulator') else 'not started'}>"

    def __enter__(self) -> RunningSimulator:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    # life

    def start(self) -> None:
        """Listen. Raises SettingsError, ManifestError, NetworkError."""
        self._thread.start()
        try:
            self._await(self._start)
        except BaseException:
            self._end()
            raise

    async def _start(self) -> None:
        self._simulator = Simulator(self.settings)
        await self._simulator.start()

    def stop(self) -> None:
        """End everything, also the thread. May be called twice."""
        if self._thread.is_alive():
            self._await(lambda: self._simulator.stop())
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, function: Callable[[Simulator], T]) -> T:
        """`function` of the simulator, called in its thread."""

        async def called() -> T:
            return function(self._simulator)

        result: T = self._await(called)
        return result

    def _await(self, begin: Callable[[], Any]) -> Any:
        async def work() -> Any:
            return await begin()

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    # where it is

    @property
    def url(self) -> str:
        return self._simulator.url

    @property
    def control_url(self) -> str:
        return self._simulator.control_url

    @property
    def token(self) -> str:
        return self._simulator.token

    @property
    def ca(self) -> bytes:
        """The authority's certificate, PEM."""
        return self._simulator.ca

    @property
    def ca_file(self) -> Path:
        """The authority's certificate as a file, as clients of the requests family want it."""
        path = self.kubeconfig.with_name(f"{self.kubeconfig.name}.ca.crt")
        if not path.exists() or path.read_bytes() != self.ca:
            path.write_bytes(self.ca)
        return path

    @property
    def kubeconfig(self) -> Path:
        return self._simulator.kubeconfig

    @property
    def pod_network(self) -> str:
        return self._simulator.pod_network

    # what is done to it

    def load(self, manifest: str | Path) -> None:
        """Create (or replace) what a manifest holds: a path of a file or folder, or YAML text. ManifestError."""
        self.call(lambda simulator: simulator.load(manifest))

    def state(self) -> dict[str, Any]:
        return self.call(lambda simulator: simulator.state())

    def requests(self) -> list[dict[str, Any]]:
        """Who asked what, oldest first; no credentials."""
        return self.call(lambda simulator: simulator.requests())

    def revoke(self, namespace: str, service_account: str, *, at_once: bool = True) -> None:
        """Revoke an account's tokens. LookupError."""
        self.call(lambda simulator: simulator.revoke(namespace, service_account, at_once=at_once))

    def compact(self, revision: int | None = None) -> int:
        return self.call(lambda simulator: simulator.compact(revision))

    def rotate_certificate(self, *, new_authority: bool = False, drop: bool = False) -> None:
        self.call(lambda simulator: simulator.rotate_certificate(new_authority=new_authority, drop=drop))

    def roll_back(self, revision: int | None = None, behind: int = 0) -> int:
        now: int = self._await(lambda: self._simulator.roll_back(revision, behind))
        return now

    def stop_server(self, keep: bool = True, *, crash: bool = False) -> None:
        self._await(lambda: self._simulator.stop_server(keep, crash=crash))

    def start_server(self) -> None:
        self._await(lambda: self._simulator.start_server())

    def reset(self) -> None:
        self._await(lambda: self._simulator.reset())

    # clients

    def httpx_client(self, token: str | None = None) -> httpx.Client:
        """httpx with the administrator's token, or `token`."""
        import ssl

        import httpx

        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        context = ssl.create_default_context(cadata=self.ca.decode())
        return httpx.Client(base_url=self.url, headers=headers, verify=context, trust_env=False)

    def kubernetes_client(self) -> Any:
        """An ApiClient of the official library (`pip install kubernetes`)."""
        from kubernetes import config

        make: Any = config.new_client_from_config
        return make(str(self.kubeconfig))

    def lightkube_client(self, **options: Any) -> Any:
        """A lightkube Client."""
        from lightkube import Client, KubeConfig

        return Client(KubeConfig.from_file(str(self.kubeconfig)), trust_env=False, **options)

    def kr8s_api(self) -> Any:
        """A synchronous kr8s Api."""
        import kr8s

        return kr8s.api(kubeconfig=str(self.kubeconfig))


class RunningFaults:
    """The simulator's faults, from any thread; see `simulator.api.faults.Faults`."""

    def __init__(self, running: RunningSimulator) -> None:
        self._running = running

    def add(self, wanted: dict[str, Any]) -> str:
        """Take a fault as the control API does; answers its id. ValueError."""
        return self._running.call(lambda simulator: simulator.faults.add(wanted))

    def inject(self, fault: Any, **match: Any) -> str:
        """`Faults.inject`: a fault's object, and what it matches. ValueError."""
        return self._running.call(lambda simulator: simulator.faults.inject(fault, **match))

    def list(self) -> list[dict[str, Any]]:
        return self._running.call(lambda simulator: simulator.faults.list())

    def remove(self, id: str) -> bool:
        return self._running.call(lambda simulator: simulator.faults.remove(id))

    def clear(self) -> None:
        self._running.call(lambda simulator: simulator.faults.clear())


class RunningClock:
    """The simulator's time, from any thread."""

    def __init__(self, running: RunningSimulator, loop: ScaledLoop) -> None:
        self._running = running
        self._loop = loop

    def now(self) -> datetime:
        """Its wall time."""
        return self._running.call(lambda simulator: clock.now())

    def advance(self, seconds: float) -> None:
        """Jump ahead: what was due by then happens now."""
        if seconds < 0:
            raise ValueError(f"time goes forward: expected 0 or more seconds, got {seconds:g}")
        self._loop.advance(seconds)
        self._running.call(lambda simulator: None)
