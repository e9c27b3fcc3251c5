"""What an agent tells the Admin of endpoints that are passed over here, so that people see it beside the endpoints.

Two find it: the agent's checks, for an upstream; and the workers, whose requests failed, for an address whichever
upstream sent them there. Rules. It is said whole, when it changed. At most `MOST` endpoints are named, those that
checks found first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain, islice

from edge import clock
from edge.gateway.telemetry.tally import OTHER
from edge.wire.messages import Finding, Findings

MOST = 1000
REASON = "requests to it failed"


class FindingsReport:
    """`checked` answers what checks found, `send` has it sent."""

    def __init__(self, checked: Callable[[], Iterable[Finding]], send: Callable[[Findings], None]) -> None:
        self._checked = checked
        self._send = send
        self._ejected: dict[str, Finding] = {}
        self._told: Findings | None = None

    def __repr__(self) -> str:
        return f"<FindingsReport ejected={len(self._ejected)}>"

    def tell(self, ejected: Mapping[str, int]) -> None:
        """Tell it if it is news; `ejected` are the endpoints that workers pass over, each with how many do."""
        now, before = clock.unix(), self._ejected
        self._ejected = {
            endpoint: before.get(endpoint) or Finding("", "", endpoint, now, REASON)
            for endpoint in ejected
            if endpoint != OTHER
        }
        findings = Findings(tuple(islice(chain(self._checked(), self._ejected.values()), MOST)))
        if findings != self._told:
            self._told = findings
            self._send(findings)
