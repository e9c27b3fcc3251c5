"""apps/v1."""

from simulator.kinds.rows import SCALE, row
from simulator.resource import Resource

ROWS: tuple[Resource, ...] = (
    row("apps", "v1", "ControllerRevision", "controllerrevisions"),
    row(
        "apps", "v1", "DaemonSet", "daemonsets",
        short_names=("ds",), categories=("all",), status=True, generation=("spec",),
    ),
    row(
        "apps", "v1", "Deployment", "deployments", short_names=("deploy",), categories=("all",),
        subresources=(SCALE,), status=True, generation=("spec", "annotations"),
    ),
    row(
        "apps", "v1", "ReplicaSet", "replicasets", short_names=("rs",), categories=("all",),
        subresources=(SCALE,), status=True, generation=("spec",),
    ),
    row(
        "apps", "v1", "StatefulSet", "statefulsets", short_names=("sts",), categories=("all",),
        subresources=(SCALE,), status=True, generation=("spec",),
    ),
)  # fmt: skip
