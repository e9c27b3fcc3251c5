"""Clusters whose API servers are played in memory, and everything that they said."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

from edge.admin.kubernetes.clusters import Clusters
from edge.model.endpoint import Endpoint
from edge.model.revision import Revision
from edge.model.source import Source, SourceState
from tests.kube.support import (
    FakeCluster,
    random,
    service,
    slice_,
)

WEB = Source("k", "default", "web", 80)
API = Source("k", "default", "api", 80)
OTHER = Source("other", "default", "web", 80)
OLD = SourceState(WEB, Revision(3, 9), (Endpoint("10.0.0.7", 8080),))
SINCE = datetime(2025, 12, 31, 23, tzinfo=UTC)


def cluster_with_web(address="10.0.0.1"):
    cluster = FakeCluster()
    cluster.put("services", service("web"))
    cluster.put("endpointslices", slice_("web-1", "web", {address: "ready"}))
    return cluster


@asynccontextmanager
async def clusters(*apis, generation=7):
    """Clusters whose registered hosts are served by `apis` in order, and everything that they said."""
    it = SimpleNamespace(published=[], changed=[], remembered=[], addresses=[])
    served = list(apis)

    def transport(address):
        it.addresses.append(address)
        return served.pop(0)

    it.clusters = Clusters(
        publish=it.published.append,
        changed=lambda kind, id: it.changed.append((kind, id)),
        remember=lambda state, stale_since: it.remembered.append((state, stale_since)),
        generation=generation,
        random=random(),
        transport_factory=transport,
    )
    try:
        yield it
    finally:
        await it.clusters.close()


def shown(states):
    return [
        (repr(one.revision), one.source.service, [endpoint.address for endpoint in one.endpoints]) for one in states
    ]
