"""The roles and bindings that every cluster has (plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go)."""

from __future__ import annotations

from simulator.access.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, GROUP
from simulator.objects.resource import Object
from simulator.store.store import Store

READ = ["get", "list", "watch"]
WRITE = ["create", "delete", "deletecollection", "patch", "update"]
LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
UPDATED = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
REVIEWS = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
PUBLIC = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", *PUBLIC[:1], "/livez", "/openapi", "/openapi/*", *PUBLIC[2:]]
METRICS = [
    "/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*",
]  # fmt: skip
CORE_READ = [
    "configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods",
    "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services", "services/status",
]  # fmt: skip
CORE_STATE = [
    "bindings", "events", "limitranges", "namespaces/status", "pods/log", "pods/status",
    "replicationcontrollers/status", "resourcequotas", "resourcequotas/status",
]  # fmt: skip
CORE_REACH = ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"]
CORE_WRITE = [
    "configmaps", "events", "persistentvolumeclaims", "replicationcontrollers", "replicationcontrollers/scale",
    "secrets", "serviceaccounts", "services", "services/proxy",
]  # fmt: skip
APPS_READ = [
    "controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale",
    "deployments/status", "replicasets", "replicasets/scale", "replicasets/status", "statefulsets",
    "statefulsets/scale", "statefulsets/status",
]  # fmt: skip
APPS_WRITE = [
    "daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale",
    "statefulsets", "statefulsets/scale",
]  # fmt: skip


def _rule(group: str, resources: list[str], verbs: list[str]) -> Object:
    return {"verbs": verbs, "apiGroups": [group], "resources": resources}


def _paths(paths: list[str]) -> Object:
    return {"verbs": ["get"], "nonResourceURLs": paths}


VIEW = [
    _rule("", CORE_READ, READ),
    _rule("", CORE_STATE, READ),
    _rule("", ["namespaces"], READ),
    _rule("discovery.k8s.io", ["endpointslices"], READ),
    _rule("apps", APPS_READ, READ),
    _rule("autoscaling", ["horizontalpodautoscalers", "horizontalpodautoscalers/status"], READ),
    _rule("batch", ["cronjobs", "cronjobs/status", "jobs", "jobs/status"], READ),
    _rule("policy", ["poddisruptionbudgets", "poddisruptionbudgets/status"], READ),
    _rule("networking.k8s.io", ["ingresses", "ingresses/status", "networkpolicies"], READ),
    _rule("resource.k8s.io", ["resourceclaims", "resourceclaims/status", "resourceclaimtemplates"], READ),
]
EDIT = [
    _rule("", CORE_REACH, READ),
    _rule("", ["serviceaccounts"], ["impersonate"]),
    _rule("", ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], WRITE),
    _rule("", ["pods/eviction"], ["create"]),
    _rule("", CORE_WRITE, WRITE),
    _rule("", ["serviceaccounts/token"], ["create"]),
    _rule("apps", APPS_WRITE, WRITE),
    _rule("autoscaling", ["horizontalpodautoscalers"], WRITE),
    _rule("batch", ["cronjobs", "jobs"], WRITE),
    _rule("policy", ["poddisruptionbudgets"], WRITE),
    _rule("networking.k8s.io", ["ingresses", "networkpolicies"], WRITE),
    _rule("coordination.k8s.io", ["leases"], [*WRITE, *READ]),
    _rule("resource.k8s.io", ["resourceclaims", "resourceclaimtemplates"], WRITE),
]
ADMIN = [
    _rule("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
    _rule(GROUP, ["rolebindings", "roles"], [*WRITE, *READ]),
]
ROLES: dict[str, list[Object]] = {
    "cluster-admin": [_rule("*", ["*"], ["*"]), {"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "system:aggregate-to-admin": ADMIN,
    "system:aggregate-to-edit": EDIT,
    "system:aggregate-to-view": VIEW,
    "system:auth-delegator": [
        _rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
        _rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
    ],
    "system:basic-user": [
        _rule("authorization.k8s.io", REVIEWS, ["create"]),
        _rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
    ],
    "system:discovery": [_paths(DISCOVERY)],
    "system:public-info-viewer": [_paths(PUBLIC)],
    "system:monitoring": [_paths(METRICS)],
    "system:service-account-issuer-discovery": [
        _paths(["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks"])
    ],
}
SUMS = {"view": "edit", "edit": "admin", "admin": ""}
"""ClusterRoles that are sums → the sum that each is a part of."""
BINDINGS = {
    "cluster-admin": ("system:masters",),
    "system:basic-user": ("system:authenticated",),
    "system:discovery": ("system:authenticated",),
    "system:public-info-viewer": ("system:authenticated", "system:unauthenticated"),
    "system:monitoring": ("system:monitoring",),
    "system:service-account-issuer-discovery": ("system:serviceaccounts",),
}


def bootstrap_roles(store: Store) -> None:
    """Create what is missing."""
    for name, rules in ROLES.items():
        part = name.removeprefix("system:aggregate-to-")
        role = {"metadata": _metadata(name, part if part != name else ""), "rules": rules}
        _create(store, name, role)
    sum_of: list[Object] = []
    for name, larger in SUMS.items():
        sum_of = sum_of + ROLES[f"system:aggregate-to-{name}"]
        selector = {"clusterRoleSelectors": [{"matchLabels": {AGGREGATE + name: "true"}}]}
        _create(store, name, {"metadata": _metadata(name, larger), "aggregationRule": selector, "rules": sum_of})
    for name, groups in BINDINGS.items():
        if store.record(CLUSTER_ROLE_BINDINGS, None, name) is None:
            subjects = [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in groups]
            reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
            binding = {"metadata": _metadata(name), "subjects": subjects, "roleRef": reference}
            store.create(CLUSTER_ROLE_BINDINGS, binding)


def _create(store: Store, name: str, role: Object) -> None:
    if store.record(CLUSTER_ROLES, None, name) is None:
        store.create(CLUSTER_ROLES, role)


def _metadata(name: str, part_of: str = "") -> Object:
    labels = {**LABELS, **({AGGREGATE + part_of: "true"} if part_of else {})}
    return {"name": name, "labels": labels, "annotations": dict(UPDATED)}
