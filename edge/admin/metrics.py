"""What Prometheus reads of the Admin itself, in its own registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from edge.admin.actor import Actor
from edge.admin.errors import AdminError
from edge.admin.service import MOST

if TYPE_CHECKING:
    from edge.admin.admin import Admin

_SCRAPER = Actor(kind="system", id="metrics", name="metrics", role="viewer")


class Metrics:
    """The counters of one Admin."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "edge_admin_requests", "Requests answered.", ("method", "status_class"), registry=self.registry
        )
        self.seconds = Histogram(
            "edge_admin_request_seconds", "Time to answer, event streams left out.", registry=self.registry
        )
        self.streams = Gauge("edge_admin_event_streams", "Open event streams.", registry=self.registry)
        self.gateways = Gauge("edge_admin_gateway_connections", "Connected gateway servers.", registry=self.registry)
        self.clusters = Gauge(
            "edge_admin_kubernetes_clusters", "Registered Kubernetes clusters.", ("state",), registry=self.registry
        )

        self.certificates = Gauge(
            "edge_admin_certificate_not_after_seconds",
            "When a certificate's validity ends, in Unix seconds.",
            ("certificate",),
            registry=self.registry,
        )

    async def scrape(self, admin: Admin) -> tuple[bytes, str]:
        """The exposition and its content type. What the database tells is left out while it cannot be read."""
        self.clusters.clear()
        self.certificates.clear()
        try:
            page = await admin.kubernetes_clusters.list(_SCRAPER, limit=MOST)
            for cluster in page.items:
                self.clusters.labels(cluster.status.state).inc()
            for name, end in (await admin.certificates.ends(_SCRAPER)).items():
                self.certificates.labels(name).set(end.timestamp())
        except AdminError:
            pass
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
