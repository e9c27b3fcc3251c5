"""What an agent tells the Admin every few seconds, of what its workers counted and found: traffic and findings.

The workers are asked once for both, and not while the Admin is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from edge.gateway.agent.findings_report import FindingsReport
from edge.gateway.agent.traffic_report import TrafficReport
from edge.gateway.telemetry.metrics import Measures

PERIOD = 2.5
"""Seconds."""


class Telling:
    """`measure` answers the sum over the workers, `connected` whether the Admin is there."""

    def __init__(
        self,
        measure: Callable[[], Awaitable[Measures]],
        connected: Callable[[], bool],
        traffic: TrafficReport,
        findings: FindingsReport,
    ) -> None:
        self._measure = measure
        self._connected = connected
        self._traffic = traffic
        self._findings = findings

    def __repr__(self) -> str:
        return f"<Telling {self._traffic!r} {self._findings!r}>"

    async def run(self) -> None:
        """Without end."""
        while True:
            await asyncio.sleep(PERIOD)
            if self._connected():
                measures = await self._measure()
                self._traffic.tell(measures.traffic)
                self._findings.tell(measures.ejected)
            else:
                self._traffic.interrupt()
