"""The registered Kubernetes clusters: one follower each, the endpoints of every wanted source, and what is published.

A change is published in the same call chain in which its watch line was read; remembering it (in the database, for the
next start) and telling people happen after, beside that road, and can fail without disturbing it. There is no database
in here: `restore` and `remember` are its two ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import TypeAlias

import httpx
import structlog

from edge import clock
from edge.admin.kubernetes.sources import Entry, SourceView
from edge.admin.views import ClusterStatus, ServicePort, ServiceView
from edge.kube import health, plan
from edge.kube.address import ClusterAddress
from edge.kube.check import Survey
from edge.kube.client import Client
from edge.kube.endpoints import Reading
from edge.kube.fault import Fault
from edge.kube.follower import Follower, Trouble
from edge.kube.health import Health
from edge.model.revision import Revision
from edge.model.source import Source, SourceState

log = structlog.get_logger("edge.admin.kubernetes")

TransportFactory: TypeAlias = Callable[[ClusterAddress], httpx.AsyncBaseTransport]


class _Cluster:
    """A registered cluster: its address, its follower, and since when it is in its state."""

    def __init__(self, address: ClusterAddress, follower: Follower) -> None:
        self.address = address
        self.follower = follower
        self.since = clock.now()
        self.told = follower.health


class Clusters:
    """Follows registered clusters.

    `publish` is told each new state of a wanted source, `changed` the kind ("kubernetes-cluster" or "source") and id
    (or Source.key) of what looks different now, `remember` what to hand to `restore` at the next start. All three are
    called synchronously and must not block.
    """

    def __init__(
        self,
        *,
        publish: Callable[[SourceState], None],
        changed: Callable[[str, str], None],
        remember: Callable[[SourceState, datetime | None], None],
        generation: int,
        random: Random,
        transport_factory: TransportFactory | None = None,
    ) -> None:
        self._publish = publish
        self._changed = changed
        self._remember = remember
        self._generation = generation
        self._number = 0
        self._random = random
        self._transport_factory = transport_factory
        self._clusters: dict[str, _Cluster] = {}
        self._entries: dict[Source, Entry] = {}
        self._wanted: dict[str, dict[Source, None]] = {}

    def __repr__(self) -> str:
        states = " ".join(f"{id}={cluster.follower.health.state}" for id, cluster in self._clusters.items())
        return f"<Clusters {states}>"

    def restore(self, states: Iterable[tuple[SourceState, datetime | None]]) -> None:
        """What was known when the Admin last ran; published with its stored revision as soon as it is wanted."""
        for state, stale_since in states:
            entry = self._entry(state.source)
            before = entry.held
            entry.restore(state, stale_since)
            if entry.held is not before and self._is_wanted(state.source):
                self._say(self._publish, state)

    @property
    def newest(self) -> Revision:
        """No source was published at a later one."""
        return Revision(self._generation, self._number)

    def begin(self, generation: int) -> None:
        """Publish what is current once more, in a new generation."""
        self._generation = generation
        for entry in self._entries.values():
            if entry.held is not None and entry.current and self._is_wanted(entry.source):
                self._number += 1
                entry.held = SourceState(entry.source, Revision(generation, self._number), entry.held.endpoints)
                self._say(self._publish, entry.held)
                self._tell(entry)

    # registered clusters

    async def add(self, id: str, address: ClusterAddress) -> None:
        """Begin to follow a cluster."""
        await self.update(id, address)

    async def update(self, id: str, address: ClusterAddress) -> None:
        """Follow a cluster at a changed address, or with a changed token; endpoints stay until they are read there."""
        before = self._clusters.get(id)
        if before is not None and before.address == address:
            return
        follower = Follower(
            self._client(address),
            random=self._random,
            on_reading=self._read,
            on_change=lambda: self._cluster_changed(id, follower),
        )
        self._clusters[id] = _Cluster(address, follower)
        self._unsettle(id, "its cluster was changed and has not been read since")
        follower.start()
        follower.want(self._wanted.get(id, ()))
        self._say(self._changed, "kubernetes-cluster", id)
        if before is not None:
            await before.follower.close()

    async def remove(self, id: str) -> None:
        """Stop following a cluster; what is known of its sources is kept as the last known."""
        cluster = self._clusters.pop(id, None)
        if cluster is None:
            return
        self._unsettle(id, "its cluster is no longer registered")
        self._say(self._changed, "kubernetes-cluster", id)
        await cluster.follower.close()

    def status(self, id: str) -> ClusterStatus:
        """The state of a registered cluster."""
        cluster = self._clusters.get(id)
        if cluster is None:
            return ClusterStatus(state="failing", since=clock.now(), message="this cluster is not registered")
        return _status(cluster.follower.health, cluster.since)

    async def wait_checked(self, id: str) -> ClusterStatus:
        """The state once the first check of the cluster has ended, well or not."""
        while (cluster := self._clusters.get(id)) is not None:
            await cluster.follower.checked.wait()
            if self._clusters.get(id) is cluster:
                break
        return self.status(id)

    async def check(self, address: ClusterAddress) -> ClusterStatus:
        """What registering this address would show; nothing is kept."""
        client = self._client(address)
        try:
            found = health.of_plan(plan.make(await Survey(client).run(()), ()))
        except Fault as fault:
            found = health.of_fault(fault)
        finally:
            await client.close()
        return _status(found, clock.now())

    def namespaces(self, id: str) -> list[str]:
        """The cluster's namespaces as far as they are known, sorted."""
        cluster = self._clusters.get(id)
        return cluster.follower.namespaces() if cluster is not None else []

    def services(self, id: str, namespace: str) -> list[ServiceView]:
        """The services of a namespace with their ports, as far as they are known, sorted by name."""
        cluster = self._clusters.get(id)
        found = cluster.follower.services(namespace) if cluster is not None else []
        return [
            ServiceView(
                name=service.metadata.name,
                ports=[
                    ServicePort(name=port.name or None, port=port.port, protocol=port.protocol or "TCP")
                    for port in service.spec.ports or ()
                ],
            )
            for service in found
        ]

    async def close(self) -> None:
        """Stop following everything."""
        clusters, self._clusters = self._clusters, {}
        for cluster in clusters.values():
            await cluster.follower.close()

    # sources

    def follow(self, sources: Iterable[Source]) -> None:
        """The whole set of wanted sources. What is known of a new one is published at once; what is not known is not
        published at all, never as empty."""
        before = self._wanted
        self._wanted = {}
        for source in sources:
            self._wanted.setdefault(source.cluster, {})[source] = None
        for cluster in dict.fromkeys([*before, *self._wanted]):
            self._follow(cluster, before.get(cluster, {}))

    def _follow(self, id: str, before: dict[Source, None]) -> None:
        wanted = self._wanted.get(id, {})
        new = [self._entry(source) for source in wanted if source not in before]
        for source in before:
            if source not in wanted:
                self._entry(source).leave()
        held = [entry.held for entry in new]
        cluster = self._clusters.get(id)
        if cluster is not None:
            cluster.follower.want(wanted)
        for entry, known in zip(new, held, strict=True):
            if known is not None and entry.held is known:
                self._say(self._publish, known)
                self._say(self._remember, known, entry.stale_since)
            if cluster is not None:
                self._judge(entry, cluster.follower.trouble(entry.source))

    def state(self, source: Source) -> SourceView:
        """What is known of a source."""
        entry = self._entries.get(source)
        if entry is None:
            return SourceView(warnings=("Not read yet: it is not followed.",))
        if source.cluster not in self._clusters and entry.held is None:
            return SourceView(warnings=("Not read yet: its cluster is not registered.",))
        return entry.view()

    def _entry(self, source: Source) -> Entry:
        entry = self._entries.get(source)
        if entry is None:
            entry = self._entries[source] = Entry(source)
        return entry

    def _is_wanted(self, source: Source) -> bool:
        return source in self._wanted.get(source.cluster, {})

    # what followers tell

    def _read(self, source: Source, reading: Reading) -> None:
        entry = self._entry(source)
        before = entry.condition
        state = entry.read(reading, self._generation, self._number + 1)
        if state is not None:
            self._number += 1
            self._say(self._publish, state)
        if (cluster := self._clusters.get(source.cluster)) is not None:
            entry.judge(cluster.follower.trouble(source))
        if state is not None or entry.condition != before:
            self._tell(entry)

    def _cluster_changed(self, id: str, follower: Follower) -> None:
        cluster = self._clusters.get(id)
        if cluster is None or cluster.follower is not follower:
            return
        if cluster.told != follower.health:
            if cluster.told.state != follower.health.state:
                cluster.since = clock.now()
            cluster.told = follower.health
            self._say(self._changed, "kubernetes-cluster", id)
        troubles: dict[str, Trouble | None] = {}
        for source in self._wanted.get(id, ()):
            if source.namespace not in troubles:
                troubles[source.namespace] = follower.trouble(source)
            self._judge(self._entry(source), troubles[source.namespace])

    def _judge(self, entry: Entry, trouble: Trouble | None) -> None:
        """Mark the entry stale or current, and tell when that is news."""
        if trouble is None and entry.stale_since is None:
            return
        before = entry.condition
        entry.judge(trouble)
        if entry.condition != before:
            self._tell(entry)

    def _unsettle(self, id: str, why: str) -> None:
        """Everything known of a cluster is the last known, until it is read anew."""
        for entry in [one for source, one in self._entries.items() if source.cluster == id]:
            if entry.current:
                entry.current = False
                entry.lost(None, why)
                self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        if entry.held is not None:
            self._say(self._remember, entry.held, entry.stale_since)
        self._say(self._changed, "source", entry.source.key)

    def _say(self, listener: Callable[..., None], *what: object) -> None:
        """Call a listener; its failure is logged and never reaches the reading of a cluster."""
        try:
            listener(*what)
        except Exception as error:
            log.error("a listener to clusters failed", listener=repr(listener), exc_info=error)

    def _client(self, address: ClusterAddress) -> Client:
        return Client(address, self._transport_factory(address) if self._transport_factory is not None else None)


def _status(found: Health, since: datetime) -> ClusterStatus:
    return ClusterStatus(state=found.state, since=since, message=found.message, warnings=list(found.warnings))
