"""apps/v1."""

from simulator.kinds import stored_cells
from simulator.kinds import workload_rules as rules
from simulator.kinds.rows import SCALE, row
from simulator.objects.resource import Resource, by_path

ROWS: tuple[Resource, ...] = (
    row("apps", "v1", "ControllerRevision", "controllerrevisions", **stored_cells.REVISION),
    row(
        "apps", "v1", "DaemonSet", "daemonsets",
        short_names=("ds",), categories=("all",), status=True, generation=("spec",),
        defaults=rules.default_daemon_set, prepare=rules.prepare_workload, validate=rules.validate_workload,
        columns=rules.DAEMON_SET_COLUMNS, cells=rules.daemon_set_cells,
    ),
    row(
        "apps", "v1", "Deployment", "deployments", short_names=("deploy",), categories=("all",),
        subresources=(SCALE,), status=True, generation=("spec", "annotations"),
        defaults=rules.default_deployment, prepare=rules.prepare_workload, validate=rules.validate_workload,
        columns=rules.DEPLOYMENT_COLUMNS, cells=rules.deployment_cells,
    ),
    row(
        "apps", "v1", "ReplicaSet", "replicasets", short_names=("rs",), categories=("all",),
        subresources=(SCALE,), status=True, generation=("spec",), selectable=by_path("status.replicas"),
        defaults=rules.default_replica_set, prepare=rules.prepare_workload, validate=rules.validate_workload,
        columns=rules.REPLICA_SET_COLUMNS, cells=rules.replica_set_cells,
    ),
    row(
        "apps", "v1", "StatefulSet", "statefulsets", short_names=("sts",), categories=("all",),
        subresources=(SCALE,), status=True, generation=("spec",),
        defaults=rules.default_stateful_set, prepare=rules.prepare_workload, validate=rules.validate_workload,
        columns=rules.STATEFUL_SET_COLUMNS, cells=rules.stateful_set_cells,
    ),
)  # fmt: skip
