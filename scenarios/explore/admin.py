"""The Admin of a run: the real `Clusters`, `Publisher` and `Hub`; what a database would keep is in a dictionary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

from edge import clock
from edge.admin.kubernetes.clusters import Clusters
from edge.admin.releases.publishing import Built, Publisher
from edge.kube.address import ClusterAddress
from edge.model import ApplicationDocument, Proxy, Rule, Source, Upstream
from edge.model import document as documents
from edge.model.manifest import Manifest, ManifestEntry
from edge.model.revision import Revision
from edge.model.source import SourceState
from edge.wire.hub import Hub
from scenarios.explore.cluster import key_of
from simulator.simulator import IN_MEMORY, Simulator

CLUSTER = "k"
APPLICATION = "shop"


def source(number: int) -> Source:
    return Source(CLUSTER, *key_of(number), 80)


class Admin:
    """Lives through restarts: `start` begins a life with what the last one stored."""

    def __init__(
        self,
        simulator: Simulator,
        random: Random,
        published: Callable[[SourceState], None],
        clusters: Callable[..., Clusters] = Clusters,
        hub: Callable[[], Hub] = Hub,
    ) -> None:
        self._make_clusters = clusters
        self._make_hub = hub
        self._simulator = simulator
        self._random = random
        self._published = published
        self._generation = 0
        self._stored: dict[Source, tuple[SourceState, datetime | None]] = {}
        self._token = ""
        self._version = 0
        self._services = 1
        self._numbers = 0
        self.hub: Hub | None = None
        self._clusters: Clusters
        self._publisher: Publisher

    async def start(self) -> None:
        self._generation = max(self._generation + 1, int(clock.unix()))
        self._numbers = 0
        self.hub = hub = self._make_hub()
        self._publisher = Publisher(
            self._generation, hub.publish_manifest, lambda row: b"", lambda row: b""
        )  # nothing here has one
        self._clusters = self._make_clusters(
            publish=self._publish,
            changed=lambda kind, id: None,
            remember=self._remember,
            generation=self._generation,
            random=self._random,
            transport_factory=lambda address: self._simulator.transport(),
        )
        self._clusters.restore(self._stored.values())
        if self._version:
            self._push()
        await self._clusters.add(CLUSTER, self._address())

    async def kill(self) -> None:
        self.hub = None
        await self._clusters.close()

    async def set_token(self, token: str) -> None:
        self._token = token
        if self.hub is not None:
            await self._clusters.update(CLUSTER, self._address())

    def release(self, services: int) -> None:
        """Release the application with upstreams of the first `services` services."""
        self._version += 1
        self._services = services
        if self.hub is not None:
            self._push()

    @property
    def sources(self) -> list[Source]:
        """Those that the newest release names."""
        return [source(number) for number in range(self._services)]

    def _address(self) -> ClusterAddress:
        return ClusterAddress(IN_MEMORY, 6443, token=self._token)

    def _push(self) -> None:
        body = _document(self.sources, self._version)
        entry = ManifestEntry(APPLICATION, APPLICATION, self._version, documents.hash_of(body))
        self._numbers += 1
        manifest = Manifest(Revision(self._generation, self._numbers), "p", (entry,))
        self._publisher.publish([Built(manifest, {})], {entry.hash: body})
        self._clusters.follow(self.sources)

    def _publish(self, state: SourceState) -> None:
        self._published(state)
        if self.hub is not None:
            self.hub.publish_source(state)

    def _remember(self, state: SourceState, stale_since: datetime | None) -> None:
        self._stored[state.source] = state, stale_since


def _document(sources: list[Source], version: int) -> bytes:
    upstreams = tuple(Upstream(f"u{number}", f"u{number}", sources=(one,)) for number, one in enumerate(sources))
    rules = (Rule(f"r{version}", actions=(Proxy(upstream="u0"),)),)
    made = ApplicationDocument(APPLICATION, APPLICATION, (APPLICATION,), ("p",), upstreams=upstreams, rules=rules)
    return documents.encode(made)
