"""A simulator on a thread of its own, so that blocking clients can be tested in the way people use them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from simulator.settings import Settings
from simulator.simulator import Simulator

T = TypeVar("T")


class Running:
    """Start and stop are blocking; `call` and `run` do something to the simulator on its own loop."""

    def __init__(self) -> None:
        self.simulator: Simulator
        self._loop: asyncio.AbstractEventLoop
        self._end: asyncio.Event
        self._started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="simulator", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._started.result(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the simulator did not end within 10 s"

    async def _live(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        settings = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0", pods="none", seed=1)
        try:
            async with Simulator(settings) as self.simulator:
                self._started.set_result(None)
                await self._end.wait()
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            raise

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        async def called() -> T:
            return function(*arguments)

        return self.run(called())

    @property
    def kubeconfig(self) -> Path:
        return self.simulator.kubeconfig

    def fault(self, type: str, namespace: str, *, times: int = 1, resource: str = "configmaps") -> str:
        """Do this to the next watches of a namespace (or to open ones); answers the fault's id."""
        match = {"verb": "watch", "resource": resource, "namespace": namespace}
        return self.call(self.simulator.faults.add, {"match": match, "times": times, "fault": {"type": type}})

    def used(self, fault: str) -> int:
        """How often a fault acted."""
        found = {one["id"]: one["used"] for one in self.call(self.simulator.faults.list)}
        return int(found[fault])

    def compact(self) -> None:
        self.call(self.simulator.compact, None)

    def restart(self) -> None:
        """End every connection, be unreachable, come back with everything that was stored."""
        self.run(self.simulator.stop_server(keep=True))
        self.run(self.simulator.start_server())
