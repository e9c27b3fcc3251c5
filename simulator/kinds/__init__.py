"""The rows of the resource table, one module for each family of kinds, in the order that discovery lists groups."""

from simulator.kinds import authorization, core, discovery, other, rbac, workloads
from simulator.objects.resource import Resource

ROWS: tuple[Resource, ...] = (
    *core.ROWS,
    *other.REGISTRATION,
    *workloads.ROWS,
    *core.EVENTS_GROUP,
    *authorization.ROWS,
    *other.SCALING_AND_BATCH,
    *other.NETWORKING_AND_POLICY,
    *rbac.ROWS,
    *other.STORAGE_AND_ADMISSION,
    *discovery.ROWS,
    *other.SCHEDULING,
)
