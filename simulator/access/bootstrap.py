"""The roles and bindings that every cluster has (plugin/pkg/auth/authorizer/rbac/bootstrappolicy)."""

from __future__ import annotations

from simulator.access.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, GROUP
from simulator.resource import Object
from simulator.store import Store

READ = ["get", "list", "watch"]
WRITE = ["create", "delete", "deletecollection", "patch", "update"]
LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
UPDATED = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
REVIEWS = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
PUBLIC = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", *PUBLIC[:1], "/livez", "/openapi", "/openapi/*", *PUBLIC[2:]]

CORE_READ = [
    "configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods",
    "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services", "services/status",
    "bindings", "events", "limitranges", "namespaces/status", "pods/log", "pods/status",
    "replicationcontrollers/status", "resourcequotas", "resourcequotas/status", "namespaces",
]  # fmt: skip
CORE_WRITE = [
    "configmaps", "events", "persistentvolumeclaims", "pods", "replicationcontrollers",
    "replicationcontrollers/scale", "secrets", "serviceaccounts", "services", "services/proxy", "pods/attach",
    "pods/exec", "pods/portforward", "pods/proxy",
]  # fmt: skip
APPS = [
    "controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale",
    "deployments/status", "replicasets", "replicasets/scale", "replicasets/status", "statefulsets",
    "statefulsets/scale", "statefulsets/status",
]  # fmt: skip
NETWORKING = ["ingresses", "ingresses/status", "networkpolicies"]


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> Object:
    return {"verbs": verbs, "apiGroups": groups, "resources": resources}


def _paths(paths: list[str]) -> Object:
    return {"verbs": ["get"], "nonResourceURLs": paths}


VIEW = [
    _rule([""], CORE_READ, READ),
    _rule(["discovery.k8s.io"], ["endpointslices"], READ),
    _rule(["apps"], APPS, READ),
    _rule(["networking.k8s.io"], NETWORKING, READ),
]
EDIT = [
    *VIEW,
    _rule([""], ["secrets", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy"], READ),
    _rule([""], ["serviceaccounts"], ["impersonate"]),
    _rule([""], CORE_WRITE, WRITE),
    _rule([""], ["pods/eviction", "serviceaccounts/token"], ["create"]),
    _rule(["apps"], [name for name in APPS if not name.endswith("status")], WRITE),
    _rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], WRITE),
    _rule(["coordination.k8s.io"], ["leases"], [*READ, *WRITE]),
]
ADMIN = [
    *EDIT,
    _rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]),
    _rule([GROUP], ["rolebindings", "roles"], [*WRITE, *READ]),
]
ROLES: dict[str, list[Object]] = {
    "cluster-admin": [_rule(["*"], ["*"], ["*"]), {"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "admin": ADMIN,
    "edit": EDIT,
    "view": VIEW,
    "system:basic-user": [
        _rule(["authorization.k8s.io"], REVIEWS, ["create"]),
        _rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
    ],
    "system:discovery": [_paths(DISCOVERY)],
    "system:public-info-viewer": [_paths(PUBLIC)],
    "system:monitoring": [_paths(["/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/readyz", "/readyz/*"])],
    "system:service-account-issuer-discovery": [
        _paths(["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks"])
    ],
}
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
        if store.record(CLUSTER_ROLES, None, name) is None:
            store.create(CLUSTER_ROLES, {"metadata": _metadata(name), "rules": rules})
    for name, groups in BINDINGS.items():
        if store.record(CLUSTER_ROLE_BINDINGS, None, name) is None:
            subjects = [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in groups]
            reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
            binding = {"metadata": _metadata(name), "subjects": subjects, "roleRef": reference}
            store.create(CLUSTER_ROLE_BINDINGS, binding)


def _metadata(name: str) -> Object:
    return {"name": name, "labels": dict(LABELS), "annotations": dict(UPDATED)}
