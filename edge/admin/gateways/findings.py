"""What gateway servers find wrong with endpoints, so that it is seen beside the endpoints.

A server's *word* is what it said last, whole, and counts as long as it is connected; one that never spoke of it
(an older one) has none. Words live in memory only. A server's clock may be wrong: nothing began later than now.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from edge import clock
from edge.admin.views import EndpointFinding, UnhealthyEndpoint
from edge.model.endpoint import Endpoint
from edge.wire import messages

if TYPE_CHECKING:
    from edge.admin.admin import Admin

MOST = 1000
"""Endpoints that one server may name; further ones are not kept."""
NAMED = 20
"""Servers that are named for one endpoint; all are counted."""
_LONGEST = 300


class Found(msgspec.Struct, frozen=True):
    """Why a server passes an endpoint over, and since when."""

    by: Literal["check", "requests"]
    since: datetime
    reason: str


class Word(msgspec.Struct, frozen=True):
    """What one server says: by (application, upstream) what its checks found, and whom its requests could not reach."""

    checks: Mapping[tuple[str, str], Mapping[str, Found]] = {}
    requests: Mapping[str, Found] = {}

    def of(self, application: str, upstream: str, endpoint: str) -> Found | None:
        """What it has against an endpoint of an upstream."""
        return self.checks.get((application, upstream), {}).get(endpoint) or self.requests.get(endpoint)


def read(findings: messages.Findings, applications: Container[str], now: datetime) -> Word:
    """The word of a server that serves these applications. What makes no sense is left out: a server may be newer or
    mistaken, and nothing here is worth a connection."""
    checks: dict[tuple[str, str], dict[str, Found]] = {}
    requests: dict[str, Found] = {}
    for one in findings.endpoints[:MOST]:
        if len(one.endpoint) > _LONGEST or len(one.upstream) > _LONGEST:
            continue
        since = datetime.fromtimestamp(min(max(one.since, 0.0), now.timestamp()), UTC)
        reason = one.reason[:_LONGEST]
        if not one.application:
            requests[one.endpoint] = Found("requests", since, reason)
        elif one.application in applications:
            found = checks.setdefault((one.application, one.upstream), {})
            found[one.endpoint] = Found("check", since, reason)
    return Word(checks, requests)


class Words(msgspec.Struct, frozen=True):
    """Several servers' words, by the servers' names."""

    said: Sequence[tuple[str, Word]]

    def unhealthy(self, application: str, upstream: str, endpoints: Iterable[Endpoint]) -> list[UnhealthyEndpoint]:
        """Those of an upstream's endpoints that somebody has something against."""
        said = [(name, word) for name, word in self.said if word.requests or (application, upstream) in word.checks]
        answer: list[UnhealthyEndpoint] = []
        for endpoint in endpoints if said else ():
            found = [(name, one) for name, word in said if (one := word.of(application, upstream, endpoint.authority))]
            if found:
                answer.append(_view(endpoint, found))
        return answer


def _view(endpoint: Endpoint, found: Sequence[tuple[str, Found]]) -> UnhealthyEndpoint:
    return UnhealthyEndpoint(
        address=endpoint.address,
        port=endpoint.port,
        since=min(one.since for _, one in found),
        gateway_servers=len(found),
        found=[
            EndpointFinding(gateway_server=name, by=one.by, since=one.since, reason=one.reason)
            for name, one in found[:NAMED]
        ],
    )


class Findings:
    """The words of the servers on the roster."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def __repr__(self) -> str:
        return f"<Findings of {sum(server.word is not None for server in self._admin.roster)} servers>"

    def told(self, server: str, findings: messages.Findings) -> None:
        """The hub's on_findings."""
        live = self._admin.roster.get(server)
        if live is None or not live.online:
            return
        served = {entry.application: None for entry in live.report.applications} if live.report is not None else {}
        before, live.word = live.word, read(findings, served, clock.now())
        if before != live.word:
            self._admin.events.publish("endpoint-health", server)

    def words(self, partitions: Container[str]) -> Words:
        """Of every connected server of these partitions that spoke of it."""
        return Words(
            [
                (live.name, live.word)
                for live in self._admin.roster
                if live.online and live.word is not None and live.partition in partitions
            ]
        )
