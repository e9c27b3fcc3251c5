"""ClusterRoles that are the sum of others: their rules are written anew when one that they select changes.

Source: pkg/controller/clusterroleaggregation. Here it happens with the write that causes it.
"""

from __future__ import annotations

from simulator.access.rbac import CLUSTER_ROLES, summed
from simulator.errors import ApiError
from simulator.objects.record import Event
from simulator.store.store import Store


class Aggregation:
    """Follows ClusterRoles."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.subscribe(self._changed)

    def _changed(self, event: Event) -> None:
        if event.resource is not CLUSTER_ROLES:
            return
        for record in self._store.records(CLUSTER_ROLES):
            if b'"aggregationRule"' not in record.body:
                continue
            role = record.decode()
            rules = summed(self._store, role)
            if rules == (role.get("rules") or []):
                continue
            try:
                self._store.update(CLUSTER_ROLES, {**role, "rules": rules})
            except ApiError as error:
                if error.code not in (404, 409):
                    raise
