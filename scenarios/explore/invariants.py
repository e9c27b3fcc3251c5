"""What must be true at every moment of a run, and what at its end.

1. *Offered*: whatever a gateway may choose was, at some moment, offered by Kubernetes for that source.
2. *Removed*: no request chooses an endpoint longer than `REMOVED_WITHIN` after its removal was delivered to that
   gateway.
3. *Forward*: neither a manifest's nor a source's revision goes back, in a gateway's life, nor what the Admin publishes,
   also across its restarts.
4. *Not emptied*: a gateway's source loses its last endpoint only if Kubernetes offered none of it at some moment since
   the first deed (before it where the API showed an old state: a stale list, a restored backup). Kubernetes' past
   counts and not its present, because an outage is followed by its history.
5. *Settled*: `SETTLED_WITHIN` after everything was made good again, every gateway equals Kubernetes.
"""

from __future__ import annotations

import asyncio

from edge.gateway.balancing.pool import Pool
from edge.gateway.settings import Settings
from edge.gateway.snapshot import Snapshot
from edge.model.endpoint import Endpoint
from edge.model.source import Source, SourceState
from scenarios.explore.gateway import Gateway
from scenarios.explore.plan import FIRST
from scenarios.explore.truth import Address, Truth

REMOVED_WITHIN = 0.1
WARM = FIRST - 1


class Violation(Exception):
    """`invariant` names which; the message says who, when and what."""

    def __init__(self, invariant: str, message: str) -> None:
        super().__init__(f"{invariant}: {message}")
        self.invariant = invariant


class _Nobody:
    """Asks for an endpoint without being anybody's request."""

    head = None

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def client_address(self) -> str:
        return ""

    def is_secure(self) -> bool:
        return False

    def random_bits(self, count: int) -> int:
        return 0


class Judge:
    """Watches gateways and what is published. The first violation is kept in `found`."""

    def __init__(self) -> None:
        self.truth: Truth
        self.found: Violation | None = None
        self.since = WARM
        self._delivered: dict[tuple[str, str], tuple[float, SourceState]] = {}
        self._published: dict[str, SourceState] = {}
        self.lines: list[str] = []
        self._pool = Pool(Settings(), lambda: 0.0, lambda connection: None)  # nobody connects: none is ever ejected

    def published(self, state: SourceState) -> None:
        """The Admin tells its hub."""
        self.note(f"admin {_said(state)}")
        before = self._published.get(state.source.key)
        if before is not None and state.revision < before.revision:
            self._violate("forward", f"the Admin published {state.revision!r} after {before.revision!r}")
        self._published[state.source.key] = state

    def delivered(self, gateway: Gateway, state: SourceState) -> None:
        place = gateway.name, state.source.key
        before = self._delivered.get(place)
        if before is None or before[1].revision < state.revision:
            self._delivered[place] = self._now(), state
            asyncio.get_running_loop().call_later(REMOVED_WITHIN, self.ask, gateway)

    def restarted(self, gateway: Gateway) -> None:
        """It knows what its disk knows; what was delivered before may be lost."""
        self._delivered = {place: what for place, what in self._delivered.items() if place[0] != gateway.name}

    def swapped(self, gateway: Gateway, before: Snapshot, after: Snapshot) -> None:
        self.note(f"{gateway.name} manifest {after.manifest.revision!r}")
        if after.manifest.revision < before.manifest.revision:
            self._violate("forward", f"{gateway.name} went back to the manifest {after.manifest.revision!r}")
        for key, state in after.sources.items():
            known = before.sources.get(key)
            if known is state:
                continue
            self.note(f"{gateway.name} {_said(state)}")
            if known is not None and state.revision < known.revision:
                self._violate("forward", f"{gateway.name} went back to {state.revision!r} of {key}")
        for source, held in _targets(after).items():
            self._check_offered(gateway, source, held)
            if not held and _targets(before).get(source):
                self._check_emptied(gateway, source)

    def _check_offered(self, gateway: Gateway, source: Source, held: tuple[Address, ...]) -> None:
        ever = self.truth.ever[source.namespace, source.service]
        for address in held:
            if address not in ever:
                self._violate("offered", f"{gateway.name} may choose {address} of {source.key}, never offered")

    def _check_emptied(self, gateway: Gateway, source: Source) -> None:
        if not self.truth.was_empty((source.namespace, source.service), self.since):
            self._violate("not emptied", f"{gateway.name} lost all endpoints of {source.key}; Kubernetes never did")

    def ask(self, gateway: Gateway) -> None:
        """Let a request choose an endpoint of every upstream."""
        for application in gateway.serves.applications.values():
            for upstream in application.document.upstreams:
                chosen = application.backends[upstream.id].choose(_Nobody(self._pool), self._pool)
                if chosen is not None:
                    self._check_chosen(gateway, upstream.sources[0], chosen)

    def _check_chosen(self, gateway: Gateway, source: Source, address: Address) -> None:
        at, state = self._delivered.get((gateway.name, source.key), (0.0, None))
        if state is None or self._now() - at < REMOVED_WITHIN - 1e-3:
            return
        if address not in _eligible(state.endpoints):
            late = self._now() - at
            self._violate("removed", f"{gateway.name} chose {address} {late:.1f} s after it was told of its removal")

    def settled(self, gateways: list[Gateway], sources: list[Source], version: int) -> None:
        """The end: every gateway equals Kubernetes."""
        for gateway in gateways:
            served = [entry.version for entry in gateway.serves.entries]
            if served != [version]:
                self._violate("settled", f"{gateway.name} serves the versions {served}, not {version}")
            held = _targets(gateway.serves)
            for source in sources:
                offered = self.truth.now[source.namespace, source.service]
                if tuple(sorted(held.get(source, ()))) != offered:
                    self._violate(
                        "settled",
                        f"{gateway.name} serves {list(held.get(source, ()))} of {source.key}; "
                        f"Kubernetes offers {list(offered)}",
                    )

    def note(self, line: str) -> None:
        """A line of the trace."""
        self.lines.append(f"{self._now():.6f} {line}")

    def _violate(self, invariant: str, message: str) -> None:
        if self.found is None:
            self.note(f"VIOLATION {invariant}: {message}")
            self.found = Violation(invariant, f"at {self._now():.3f} s {message}")

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _targets(served: Snapshot) -> dict[Source, tuple[Address, ...]]:
    return {
        upstream.sources[0]: tuple(target.address for target in application.backends[upstream.id].targets)
        for application in served.applications.values()
        for upstream in application.document.upstreams
    }


def _eligible(endpoints: tuple[Endpoint, ...]) -> dict[Address, None]:
    ready = {(one.address, one.port): None for one in endpoints if one.ready and not one.terminating}
    return ready or {(one.address, one.port): None for one in endpoints if one.serving}


def _said(state: SourceState) -> str:
    held = " ".join(f"{one.address}:{one.port}{'' if one.ready else '!'}" for one in state.endpoints)
    return f"{state.source.key} {state.revision!r} [{held}]"
