"""Registered Kubernetes clusters: kept with their tokens encrypted, followed by `edge.admin.clusters`."""

from __future__ import annotations

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import (
    ClusterStatus,
    KubernetesClusterBody,
    KubernetesClusterView,
    NamespaceView,
    Page,
    ServiceView,
)


class KubernetesClusters(Service):
    """Kubernetes clusters. Reading needs viewer, writing and checking admin."""

    body = KubernetesClusterBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[KubernetesClusterView]:
        raise NotImplementedError

    async def get(self, actor: Actor, id: str) -> KubernetesClusterView:
        raise NotImplementedError

    async def create(self, actor: Actor, body: KubernetesClusterBody) -> KubernetesClusterView:
        """Store it, whatever its state, and answer when its first check has ended."""
        raise NotImplementedError

    async def replace(
        self, actor: Actor, id: str, body: KubernetesClusterBody, if_match: str | None = None
    ) -> KubernetesClusterView:
        """Without `token` the stored one stays; a changed host, port, CA or ssl_verify needs it again (Invalid)."""
        raise NotImplementedError

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict while an application uses it, naming the applications."""
        raise NotImplementedError

    async def check(self, actor: Actor, body: KubernetesClusterBody) -> ClusterStatus:
        """What registering this would show, without storing anything."""
        raise NotImplementedError

    async def namespaces(self, actor: Actor, id: str) -> Page[NamespaceView]:
        raise NotImplementedError

    async def services(self, actor: Actor, id: str, namespace: str) -> Page[ServiceView]:
        raise NotImplementedError
