"""What Kubernetes offers, read from the simulator's store with code of its own: nothing of Edge computes it.

`now` is what a request may be sent to; `ever` every address and port that was ever in a slice of the service as ready,
or as serving while it ended; `empty` when nothing was offered, as [from, until] with until None for still. Of a
service's two accounts, slices and Endpoints, either will do for that: who may not read slices goes by Endpoints, which
know nothing of slices made by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.simulator import Simulator

Address = tuple[str, int]
Offered = tuple[Address, ...]
Key = tuple[str, str]
"""(namespace, service)"""
SLICES = ("discovery.k8s.io/v1", "EndpointSlice")
SERVICES = ("v1", "Service")
ENDPOINTS = ("v1", "Endpoints")


class Truth:
    """Follows the store of a simulator. `changed` is called with what a service offers when that changed."""

    def __init__(self, simulator: Simulator, services: list[Key], changed: Callable[[Key, Offered], None]) -> None:
        self._simulator = simulator
        slices, known_services = simulator._backend.find(*SLICES), simulator._backend.find(*SERVICES)
        assert slices is not None
        assert known_services is not None
        self._slices, self._services = slices, known_services
        endpoints = simulator._backend.find(*ENDPOINTS)
        assert endpoints is not None
        self._endpoints = endpoints
        self._changed = changed
        self.now: dict[Key, Offered] = {}
        self.ever: dict[Key, dict[Address, None]] = {key: {} for key in services}
        self.empty: dict[Key, list[list[float | None]]] = {key: [] for key in services}
        self._empty_endpoints: dict[Key, list[list[float | None]]] = {key: [] for key in services}
        simulator.store.subscribe(self._event)
        self.read()

    def _event(self, event: Any) -> None:
        if event.resource.kind in ("EndpointSlice", "Service", "Endpoints"):
            self.read()

    def read(self) -> None:
        """Look at everything again."""
        store = self._simulator.store
        slices: dict[Key, list[Any]] = {}
        for one in store.list(self._slices):
            name = (one["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
            slices.setdefault((one["metadata"]["namespace"], name), []).append(one)
        at = asyncio.get_running_loop().time()
        for key, ever in self.ever.items():
            found = slices.get(key, [])
            for address in _possible(found):
                ever[address] = None
            self._note(key, _offered(store.get(self._services, *key), found), at)
            subsets = (store.get(self._endpoints, *key) or {}).get("subsets") or ()
            _mark(self._empty_endpoints[key], not any(one.get("addresses") for one in subsets), at)

    def _note(self, key: Key, offered: Offered, at: float) -> None:
        before = self.now.get(key)
        if before == offered:
            return
        self.now[key] = offered
        _mark(self.empty[key], not offered, at)
        self._changed(key, offered)

    def was_empty(self, key: Key, since: float) -> bool:
        """Whether nothing was offered at some moment from `since` on."""
        spans = (*self.empty[key], *self._empty_endpoints[key])
        return any(until is None or until >= since for _, until in spans)


def _mark(spans: list[list[float | None]], empty: bool, at: float) -> None:
    """Begin or end a span of emptiness."""
    open_ = bool(spans) and spans[-1][1] is None
    if empty and not open_:
        spans.append([at, None])
    elif not empty and open_:
        spans[-1][1] = at


def _possible(slices: list[Any]) -> list[Address]:
    """What may ever be sent to: ready, or serving (which is all of those that end and are still good)."""
    return [
        (endpoint["addresses"][0], port["port"])
        for one in slices
        for endpoint in one.get("endpoints") or ()
        for port in one.get("ports") or ()
        if _is(endpoint, "ready", True) or _is(endpoint, "serving", True)
    ]


def _offered(service: Any, slices: list[Any]) -> Offered:
    """EndpointSlice API: ready and not ending; when there is none, those that still serve."""
    names = [port.get("name", "") for port in (service or {"spec": {}})["spec"].get("ports", ()) if port["port"] == 80]
    ready: dict[Address, None] = {}
    serving: dict[Address, None] = {}
    for one in slices if names else ():
        ports = [port["port"] for port in one.get("ports") or () if port.get("name", "") == names[0]]
        for endpoint in one.get("endpoints") or ():
            for port in ports:
                if _is(endpoint, "ready", True) and not _is(endpoint, "terminating", False):
                    ready[endpoint["addresses"][0], port] = None
                if _is(endpoint, "serving", True):
                    serving[endpoint["addresses"][0], port] = None
    return tuple(sorted(ready or serving))


def _is(endpoint: Any, condition: str, unknown: bool) -> bool:
    said = (endpoint.get("conditions") or {}).get(condition)
    return unknown if said is None else bool(said)
