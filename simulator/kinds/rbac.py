"""rbac.authorization.k8s.io/v1."""

from simulator.kinds.rows import row
from simulator.resource import Resource

GROUP = "rbac.authorization.k8s.io"

ROWS: tuple[Resource, ...] = (
    row(GROUP, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    row(GROUP, "v1", "ClusterRole", "clusterroles", namespaced=False),
    row(GROUP, "v1", "RoleBinding", "rolebindings"),
    row(GROUP, "v1", "Role", "roles"),
)
