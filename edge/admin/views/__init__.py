"""The types of the JSON API: what a caller sends (…Body) and what it reads (…View). OpenAPI is generated from them.

Ids are opaque strings, never reused; references are ids; times are RFC 3339 UTC; durations are seconds.
"""

from __future__ import annotations

from edge.admin.views.access import (
    AuditView,
    TokenBody,
    TokenView,
    UserBody,
    UserView,
)
from edge.admin.views.applications import (
    ApplicationBody,
    ApplicationView,
    EndpointFinding,
    KubernetesService,
    PurgeBody,
    PurgeView,
    RuleBody,
    RuleOrderBody,
    RuleView,
    UnhealthyEndpoint,
    UpstreamBody,
    UpstreamView,
)
from edge.admin.views.certificates import (
    CertificateBody,
    CertificateView,
)
from edge.admin.views.common import (
    Body,
    Name,
    Page,
    Port,
    Seconds,
    View,
)
from edge.admin.views.gateways import (
    AppliedRelease,
    GatewayClusterBody,
    GatewayClusterView,
    GatewayServerView,
    JoinTokenBody,
    JoinTokenView,
    PartitionBody,
    PartitionView,
)
from edge.admin.views.kubernetes import (
    ClusterState,
    ClusterStatus,
    KubernetesClusterBody,
    KubernetesClusterView,
    NamespaceView,
    ServicePort,
    ServiceView,
)
from edge.admin.views.releases import (
    ChangeView,
    ReleaseBody,
    ReleaseView,
    ServerSync,
    Sync,
    SyncState,
)
from edge.admin.views.traffic import (
    EndpointTraffic,
    TrafficPoint,
    TrafficView,
)

__all__ = [
    "ApplicationBody",
    "ApplicationView",
    "AppliedRelease",
    "AuditView",
    "Body",
    "CertificateBody",
    "CertificateView",
    "ChangeView",
    "ClusterState",
    "ClusterStatus",
    "EndpointFinding",
    "EndpointTraffic",
    "GatewayClusterBody",
    "GatewayClusterView",
    "GatewayServerView",
    "JoinTokenBody",
    "JoinTokenView",
    "KubernetesClusterBody",
    "KubernetesClusterView",
    "KubernetesService",
    "Name",
    "NamespaceView",
    "Page",
    "PartitionBody",
    "PartitionView",
    "Port",
    "PurgeBody",
    "PurgeView",
    "ReleaseBody",
    "ReleaseView",
    "RuleBody",
    "RuleOrderBody",
    "RuleView",
    "Seconds",
    "ServerSync",
    "ServicePort",
    "ServiceView",
    "Sync",
    "SyncState",
    "TokenBody",
    "TokenView",
    "TrafficPoint",
    "TrafficView",
    "UnhealthyEndpoint",
    "UpstreamBody",
    "UpstreamView",
    "UserBody",
    "UserView",
    "View",
]
