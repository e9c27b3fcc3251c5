"""What Prometheus reads of the Admin itself, in its own registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.admin.actor import Actor
from edge.admin.errors import AdminError
from edge.admin.middleware.ending import is_event_stream
from edge.admin.service import MOST
from edge.clock import precise

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

    async def scrape(self, admin: Admin) -> tuple[bytes, str]:
        """The exposition and its content type. Clusters are left out while the database cannot be read."""
        self.clusters.clear()
        try:
            page = await admin.kubernetes_clusters.list(_SCRAPER, limit=MOST)
            for cluster in page.items:
                self.clusters.labels(cluster.status.state).inc()
        except AdminError:
            pass
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


class Measured:
    """Counts and times every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = precise()
        stream = False

        async def send_counted(message: Message) -> None:
            nonlocal stream
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(_method(scope), f"{message['status'] // 100}xx").inc()
                stream = is_event_stream(message)
                if stream:
                    self._metrics.streams.inc()
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            if stream:
                self._metrics.streams.dec()
            else:
                self._metrics.seconds.observe(precise() - began)


def _method(scope: Scope) -> str:
    """The method, or `other`: a client must not be able to make labels without end."""
    method: str = scope["method"]
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
