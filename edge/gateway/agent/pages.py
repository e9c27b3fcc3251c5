"""What the status port shows, asked of the workers when it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from edge.gateway.agent.relay import Relay
from edge.gateway.agent.status import JSON, PROMETHEUS, Page, Pages, text
from edge.gateway.checking import exposing as checks
from edge.gateway.checking.checker import Checker
from edge.gateway.telemetry import metrics, tally
from edge.gateway.telemetry.metrics import Measures
from edge.gateway.telemetry.prometheus import blocks
from edge.model.revision import NOTHING

AT_A_TIME = 100
"""Pieces of the metrics' text that are made before endpoints and others have a turn: about a millisecond."""


class Totals:
    """What all workers that ever lived have counted. A worker that is gone, or does not answer in time, counts with
    its last answer: a sum that fell and rose again would look like new requests. What ended workers counted for an
    endpoint is kept as long as a living one counts for it, then in the rest of its upstream: so what is gone goes.
    `applications` answers which are served, None: that is not known yet."""

    def __init__(self, applications: Callable[[], Collection[str] | None] = lambda: None) -> None:
        self._applications = applications
        self._last: dict[str, Measures] = {}
        self._past = Measures()

    def __repr__(self) -> str:
        return f"<Totals workers={list(self._last)}>"

    def note(self, name: str, measures: Measures) -> None:
        """What a worker said unasked."""
        self._last[name] = measures

    def add(self, answers: Mapping[str, Measures], connected: tuple[str, ...]) -> Measures:
        """The sum, with new `answers` by worker; those not `connected` any more have ended."""
        self._last.update(answers)
        for name in [name for name in self._last if name not in connected]:
            self._past = _counted(metrics.add([self._past, self._last.pop(name)]))
        return self._sum()

    def _sum(self) -> Measures:
        living = list(self._last.values())
        past = tally.folded(self._past.traffic, [one.traffic for one in living])
        served, limited = self._applications(), self._past.limited
        if served is not None:
            past, gone = tally.split(past, served)
            self._past.gone.take(gone)
            limited = {application: kinds for application, kinds in limited.items() if application in served}
        self._past = msgspec.structs.replace(self._past, traffic=past, limited=limited)
        total = metrics.add([self._past, *living])
        lowest = min((one.snapshot_revision for one in living if one.snapshot_revision), default=0)
        return msgspec.structs.replace(total, snapshot_revision=lowest)


def _counted(measures: Measures) -> Measures:
    """Without what only a living worker has."""
    return msgspec.structs.replace(
        measures,
        upstream_connections={},
        endpoint_connections={},
        ejected={},
        client_connections=0,
        endpoint_revision_age=None,
        snapshot_revision=0,
    )


class StatusPages:
    """The pages of a gateway. `restarts` and `connected` tell of its workers and its Admin; `draining` of its end,
    `checker` of the health of endpoints."""

    def __init__(
        self,
        relay: Relay,
        restarts: Callable[[], int],
        connected: Callable[[], bool],
        draining: Callable[[], bool],
        checker: Checker | None = None,
    ) -> None:
        self._checker = checker
        self._relay = relay
        self._restarts = restarts
        self._connected = connected
        self._draining = draining
        self._totals = Totals(self._served)

    def _served(self) -> Collection[str] | None:
        manifest = self._relay.subscription.served
        return None if manifest.revision == NOTHING else {entry.application: None for entry in manifest.applications}

    def note(self, worker: str, measures: bytes) -> None:
        """What a worker that ends has counted."""
        self._totals.note(worker, msgspec.json.decode(measures, type=Measures))

    def probes(self) -> Pages:
        """What may be shown to everybody."""
        return {"/-/live": self.live, "/-/ready": self.ready}

    def every(self) -> Pages:
        """All pages."""
        return {**self.probes(), "/-/metrics": self.metrics, "/-/snapshot": self.snapshot}

    async def live(self) -> Page:
        """The agent runs."""
        return text(200, "live")

    async def ready(self) -> Page:
        """Every worker serves a snapshot."""
        if self._draining():
            return text(503, "draining")
        if self._relay.ready:
            return text(200, "ready")
        return text(503, "not every worker serves a snapshot yet")

    async def measured(self) -> Measures:
        """What all workers counted."""
        answers = await self._relay.hub.ask_all("metrics")
        measures = {name: msgspec.json.decode(answer, type=Measures) for name, answer in answers.items()}
        return self._totals.add(measures, self._relay.hub.connected)

    async def metrics(self) -> Page:
        """Prometheus' text format, summed over the workers."""
        total = await self.measured()
        page: list[str] = []
        for number, block in enumerate(blocks(total), start=1):
            page.append(block)
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
        page.append(self._own())
        return Page(200, "".join(page).encode(), PROMETHEUS)

    def _own(self) -> str:
        lines: list[str] = []
        for name, kind, help_text, value in (
            ("edge_gateway_workers", "gauge", "Workers that are connected.", len(self._relay.hub.connected)),
            ("edge_gateway_worker_restarts_total", "counter", "Times a worker was started again.", self._restarts()),
            ("edge_gateway_admin_connected", "gauge", "1 while connected to the Admin.", int(self._connected())),
        ):
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", f"{name} {value}"]
        if self._checker is not None:
            lines += checks.render(self._checker)
        return "\n".join(lines) + "\n"

    async def snapshot(self) -> Page:
        """The oldest snapshot that any worker serves."""
        answers = await self._relay.hub.ask_all("snapshot")
        described = [msgspec.json.decode(answer) for answer in answers.values()]
        if self._relay.subscription.served.revision > NOTHING:  # a worker just started accepts nothing without it
            described = [snapshot for snapshot in described if snapshot["manifest"]]
        if not described:
            return text(503, "no worker serves a snapshot")
        return Page(200, msgspec.json.encode(oldest(described)), JSON)


def oldest(described: list[dict[str, Any]]) -> dict[str, Any]:
    """Of several workers' snapshots the one with the oldest manifest, with the oldest state of each of its sources."""
    base = min(described, key=lambda snapshot: int(snapshot["manifest"]))
    states: dict[tuple[Any, ...], dict[str, Any]] = {}
    for snapshot in described:
        for state in snapshot["sources"]:
            name = _name(state)
            if name not in states or state["revision"] < states[name]["revision"]:
                states[name] = state
    return {**base, "sources": [states[_name(state)] for state in base["sources"]]}


def _name(state: Mapping[str, Any]) -> tuple[Any, ...]:
    return state["cluster"], state["namespace"], state["service"], state["port"]
