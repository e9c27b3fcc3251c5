"""Events end one hour after they were last written, as with the API server's --event-ttl (an etcd lease)."""

from __future__ import annotations

from simulator.controllers.cluster import Change, Cluster, Ref
from simulator.controllers.queue import Gate, Queue
from simulator.errors import ApiError

TTL = 3600.0
KIND = "events"


class EventTimeToLive:
    """Follows events; holds one timer, for the oldest of them."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("event-ttl", self.sync, gate)
        self._written: dict[Ref, float] = {}
        """When each was last written, the oldest first."""
        cluster.on(KIND, self._changed)

    def _changed(self, change: Change) -> None:
        self._written.pop(change.ref, None)
        if change.type != "DELETED":
            self._written[change.ref] = self._cluster.clock.unix()
            if len(self._written) == 1:
                self.queue.add_after(KIND, TTL)

    def sync(self, key: str) -> None:
        """Delete what is an hour old, and come back for the next."""
        now = self._cluster.clock.unix()
        for ref, written in list(self._written.items()):
            if written + TTL - 0.001 > now:
                self.queue.add_after(key, written + TTL - now)
                return
            try:
                self._cluster.delete(ref)
            except ApiError as error:
                if error.code != 404:
                    raise
                self._written.pop(ref, None)
