"""rbac.authorization.k8s.io/v1."""

from simulator.kinds import plain_cells
from simulator.kinds.plain import default_binding, validate_binding, validate_role
from simulator.kinds.rows import row
from simulator.objects.resource import Resource

GROUP = "rbac.authorization.k8s.io"

ROLE = {
    "name_rule": "path", "validate": validate_role,
    "columns": plain_cells.ROLE_COLUMNS, "cells": plain_cells.role_cells,
}  # fmt: skip
BINDING = {
    "name_rule": "path", "defaults": default_binding, "validate": validate_binding,
    "columns": plain_cells.BINDING_COLUMNS, "cells": plain_cells.binding_cells,
}  # fmt: skip

ROWS: tuple[Resource, ...] = (
    row(GROUP, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False, **BINDING),
    row(GROUP, "v1", "ClusterRole", "clusterroles", namespaced=False, **ROLE),
    row(GROUP, "v1", "RoleBinding", "rolebindings", **BINDING),
    row(GROUP, "v1", "Role", "roles", **ROLE),
)
