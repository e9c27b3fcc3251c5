"""coordination.k8s.io/v1, node.k8s.io/v1 and discovery.k8s.io/v1, with what discovery lists around them."""

from simulator.kinds import ingress_rules, plain_cells, service_rules, services, stored_cells
from simulator.kinds.rows import row
from simulator.objects.resource import Resource

ROWS: tuple[Resource, ...] = (
    row(
        "scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses",
        **stored_cells.PRIORITY_CLASS,
        namespaced=False, short_names=("pc",), generation=("value", "description"),
    ),
    row(
        "coordination.k8s.io", "v1", "Lease", "leases", validate=ingress_rules.validate_lease,
        columns=plain_cells.LEASE_COLUMNS, cells=plain_cells.lease_cells,
    ),
    row("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", namespaced=False),
    row(
        "discovery.k8s.io", "v1", "EndpointSlice", "endpointslices",
        generation=("addressType", "endpoints", "ports", "labels"),
        defaults=services.default_slice, validate=service_rules.validate_slice,
        columns=services.SLICE_COLUMNS, cells=services.slice_cells,
    ),
)  # fmt: skip
