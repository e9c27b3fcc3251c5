"""The table of the API: every resource is a row, every deed that is not one of the six verbs an operation beside it."""

from __future__ import annotations

from typing import Any

from edge.admin.api.operation import Call, Operation, Resource
from edge.admin.api.unfolding import operations_of
from edge.admin.service import page_of_tuple
from edge.admin.views import (
    ApplicationBody,
    ApplicationView,
    AuditView,
    CertificateBody,
    CertificateView,
    ChangeView,
    ClusterStatus,
    GatewayClusterBody,
    GatewayClusterView,
    GatewayServerView,
    JoinTokenBody,
    JoinTokenView,
    KubernetesClusterBody,
    KubernetesClusterView,
    NamespaceView,
    Page,
    PartitionBody,
    PartitionView,
    PurgeBody,
    PurgeView,
    ReleaseBody,
    ReleaseView,
    RuleBody,
    RuleOrderBody,
    RuleView,
    ServiceView,
    TokenBody,
    TokenView,
    TrafficView,
    UpstreamBody,
    UpstreamView,
    UserBody,
    UserView,
)

_AT_ONCE = "Acts at once."
_PENDING = "The edit is a pending change until it is released."

RESOURCES: tuple[Resource, ...] = (
    Resource(
        path="partitions",
        noun="partition",
        service=lambda admin: admin.partitions,
        view=PartitionView,
        body=PartitionBody,
        acts=_AT_ONCE,
    ),
    Resource(
        path="gateway-clusters",
        noun="gateway cluster",
        service=lambda admin: admin.gateway_clusters,
        view=GatewayClusterView,
        body=GatewayClusterBody,
        acts=_AT_ONCE,
    ),
    Resource(
        path="gateway-servers",
        noun="gateway server",
        service=lambda admin: admin.gateway_servers,
        view=GatewayServerView,
        verbs=("list", "get", "delete"),
        acts="Its credential is revoked and it is disconnected.",
    ),
    Resource(
        path="kubernetes-clusters",
        noun="Kubernetes cluster",
        service=lambda admin: admin.kubernetes_clusters,
        view=KubernetesClusterView,
        body=KubernetesClusterBody,
        acts=_AT_ONCE,
    ),
    Resource(
        path="certificates",
        noun="certificate",
        service=lambda admin: admin.certificates,
        view=CertificateView,
        body=CertificateBody,
        writer="releaser",
        acts=f"{_AT_ONCE} A renewed one replaces the old on every gateway that has it.",
    ),
    Resource(
        path="applications",
        noun="application",
        service=lambda admin: admin.applications,
        view=ApplicationView,
        body=ApplicationBody,
        writer="editor",
        deleter="releaser",
        acts="Creating and deleting act at once; edits are pending changes until they are released.",
    ),
    Resource(
        path="applications/{application}/upstreams",
        noun="upstream",
        service=lambda admin: admin.upstreams,
        view=UpstreamView,
        body=UpstreamBody,
        writer="editor",
        acts=_PENDING,
    ),
    Resource(
        path="applications/{application}/rules",
        noun="rule",
        service=lambda admin: admin.rules,
        view=RuleView,
        body=RuleBody,
        writer="editor",
        acts=_PENDING,
    ),
    Resource(
        path="applications/{application}/changes",
        noun="change",
        service=lambda admin: admin.changes,
        view=ChangeView,
        verbs=("list", "get"),
    ),
    Resource(
        path="applications/{application}/releases",
        noun="release",
        service=lambda admin: admin.releases,
        view=ReleaseView,
        body=ReleaseBody,
        verbs=("list", "create", "get"),
        writer="releaser",
        key="version",
    ),
    Resource(
        path="applications/{application}/purges",
        noun="purge",
        service=lambda admin: admin.purges,
        view=PurgeView,
        verbs=("list",),
    ),
    Resource(
        path="users",
        noun="user",
        service=lambda admin: admin.users,
        view=UserView,
        body=UserBody,
        reader="admin",
        acts=_AT_ONCE,
    ),
    Resource(
        path="tokens",
        noun="token",
        service=lambda admin: admin.tokens,
        view=TokenView,
        body=TokenBody,
        verbs=("list", "create", "get", "delete"),
        reader="admin",
        acts=_AT_ONCE,
    ),
    Resource(
        path="audit",
        noun="audit line",
        service=lambda admin: admin.audit,
        view=AuditView,
        verbs=("list",),
        reader="admin",
    ),
)


async def _create_join_token(call: Call) -> Any:
    return await call.admin.join_tokens.create(call.actor, call.ids[0], body=call.body)


async def _check_kubernetes_cluster(call: Call) -> Any:
    return await call.admin.kubernetes_clusters.check(call.actor, body=call.body)


async def _namespaces(call: Call) -> Any:
    return _paged(call, await call.admin.kubernetes_clusters.namespaces(call.actor, call.ids[0]))


async def _services(call: Call) -> Any:
    return _paged(call, await call.admin.kubernetes_clusters.services(call.actor, call.ids[0], call.ids[1]))


def _paged(call: Call, whole: Page[Any]) -> Page[Any]:
    """The page that `call` asks for of a list that is held whole."""
    return page_of_tuple(whole.items, call.limit, call.after, lambda item: item)


async def _reorder_rules(call: Call) -> Any:
    return await call.admin.rules.reorder(call.actor, call.ids[0], call.body.ids)


async def _discard_changes(call: Call) -> None:
    await call.admin.changes.discard_all(call.actor, call.ids[0])


async def _discard_change(call: Call) -> None:
    await call.admin.changes.discard(call.actor, call.ids[0], call.ids[1])


async def _traffic(call: Call) -> TrafficView:
    return await call.admin.traffic.get(call.actor, call.ids[0])


async def _purge(call: Call) -> Any:
    return await call.admin.purges.create(call.actor, call.ids[0], call.body)


async def _roll_back(call: Call) -> Any:
    return await call.admin.releases.rollback(
        call.actor, call.ids[0], call.version(), call.body, discard="discard" in call.flags
    )


DEEDS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="applications/{application}/traffic",
        name="get-traffic",
        summary="Requests, status classes and latencies of the last quarter of an hour, as the gateway servers tell.",
        tag="applications",
        perform=_traffic,
        answer=TrafficView,
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="applications/{application}/purges",
        name="purge",
        summary="Take stored answers out of every gateway's cache, by URL or prefix. Acts at once.",
        tag="applications",
        perform=_purge,
        role="releaser",
        body=PurgeBody,
        answer=PurgeView,
        status=201,
        errors=(404, 413, 422),
    ),
    Operation(
        method="POST",
        path="gateway-clusters/{id}/join-tokens",
        name="create-join-token",
        summary="Make a secret with which new gateway servers join this cluster; it is shown only in this answer.",
        tag="gateway-clusters",
        perform=_create_join_token,
        role="admin",
        body=JoinTokenBody,
        body_optional=True,
        answer=JoinTokenView,
        status=201,
        errors=(404, 413, 422),
    ),
    Operation(
        method="POST",
        path="kubernetes-clusters/check",
        name="check-kubernetes-cluster",
        summary="What registering this Kubernetes cluster would show, without storing anything.",
        tag="kubernetes-clusters",
        perform=_check_kubernetes_cluster,
        role="admin",
        body=KubernetesClusterBody,
        answer=ClusterStatus,
        errors=(413, 422),
    ),
    Operation(
        method="GET",
        path="kubernetes-clusters/{id}/namespaces",
        name="list-namespaces",
        summary="List the namespaces of a Kubernetes cluster as last read.",
        tag="kubernetes-clusters",
        perform=_namespaces,
        answer=Page[NamespaceView],
        paged=True,
        errors=(404, 409),
    ),
    Operation(
        method="GET",
        path="kubernetes-clusters/{id}/namespaces/{namespace}/services",
        name="list-services",
        summary="List the services of a namespace with their ports, as last read.",
        tag="kubernetes-clusters",
        perform=_services,
        answer=Page[ServiceView],
        paged=True,
        errors=(404, 409),
    ),
    Operation(
        method="PUT",
        path="applications/{application}/rules/order",
        name="reorder-rules",
        summary=f"Put the rules in a new order. {_PENDING}",
        tag="rules",
        perform=_reorder_rules,
        role="editor",
        body=RuleOrderBody,
        answer=Page[RuleView],
        errors=(404, 409, 413, 422),
    ),
    Operation(
        method="DELETE",
        path="applications/{application}/changes",
        name="discard-changes",
        summary="Drop every pending change: the draft becomes the last release's content.",
        tag="changes",
        perform=_discard_changes,
        role="releaser",
        status=204,
        errors=(404, 409),
    ),
    Operation(
        method="DELETE",
        path="applications/{application}/changes/{id}",
        name="discard-change",
        summary="Drop one pending change; 409 when another needs it.",
        tag="changes",
        perform=_discard_change,
        role="releaser",
        status=204,
        errors=(404, 409),
    ),
    Operation(
        method="POST",
        path="applications/{application}/releases/{version}/rollback",
        name="roll-back",
        summary="Make a new release with this one's content and hash; the draft becomes that content.",
        tag="releases",
        perform=_roll_back,
        role="releaser",
        body=ReleaseBody,
        body_optional=True,
        answer=ReleaseView,
        status=201,
        flags={"discard": "Drop pending changes instead of answering 409 because of them."},
        errors=(404, 409, 413, 422),
    ),
)


def operations() -> list[Operation]:
    """Every operation; those on fixed paths come before those whose last part is an id."""
    unfolded = [operation for resource in RESOURCES for operation in operations_of(resource)]
    return [*DEEDS, *unfolded]
