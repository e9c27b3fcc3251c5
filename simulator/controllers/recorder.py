"""Events that `kubectl describe` shows, recorded as client-go's recorder does (tools/record).

The same event again raises the count of the first. A component may record only so many: a burst, then a rate
(the kubelet's defaults are 100 and 50/s; client-go's spam filter allows 25 for one object).
"""

from __future__ import annotations

from typing import Any

from simulator.controllers.cluster import Cluster
from simulator.errors import ApiError

Object = dict[str, Any]

BURST = 100
RATE = 50.0
BURST_PER_OBJECT = 25


class Recorder:
    """Records the events of one component (`deployment-controller`)."""

    def __init__(self, cluster: Cluster, component: str, host: str = "") -> None:
        self._cluster = cluster
        self._component = component
        self._host = host
        self._known: dict[tuple[str, str, str, str], tuple[str, str]] = {}
        self._spent: dict[str, int] = {}
        self._tokens = float(BURST)
        self._refilled = cluster.clock.unix()

    def normal(self, about: Object, reason: str, message: str) -> None:
        self._record(about, "Normal", reason, message)

    def warning(self, about: Object, reason: str, message: str) -> None:
        self._record(about, "Warning", reason, message)

    def forget(self, uid: str) -> None:
        """The object is gone; its events may be told anew."""
        self._spent.pop(uid, None)
        for key in [key for key in self._known if key[0] == uid]:
            del self._known[key]

    def _record(self, about: Object, kind: str, reason: str, message: str) -> None:
        key = (about["metadata"]["uid"], kind, reason, message)
        if key in self._known and self._again(*self._known[key]):
            return
        if not self._allowed(key[0]):
            return
        try:
            made = self._cluster.create("events", self._event(about, kind, reason, message))
        except ApiError:
            return  # an event is never worth failing for (its namespace may be ending)
        self._known[key] = (made["metadata"]["namespace"], made["metadata"]["name"])

    def _again(self, namespace: str, name: str) -> bool:
        event = self._cluster.get("events", namespace, name)
        if event is None:
            return False
        event["count"] = event.get("count", 1) + 1
        event["lastTimestamp"] = self._cluster.clock.timestamp()
        self._cluster.update("events", event)
        return True

    def _allowed(self, uid: str) -> bool:
        now = self._cluster.clock.unix()
        self._tokens = min(self._tokens + (now - self._refilled) * RATE, BURST)
        self._refilled = now
        if self._tokens < 1 or self._spent.get(uid, 0) >= BURST_PER_OBJECT:
            return False
        self._tokens -= 1
        self._spent[uid] = self._spent.get(uid, 0) + 1
        return True

    def _event(self, about: Object, kind: str, reason: str, message: str) -> Object:
        metadata = about["metadata"]
        moment = self._cluster.clock.timestamp()
        involved = {
            "kind": about["kind"],
            "namespace": metadata.get("namespace"),
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": about["apiVersion"],
            "resourceVersion": metadata.get("resourceVersion"),
        }
        unique = f"{int(self._cluster.clock.unix() * 1e6) * 1000 + self._cluster.random.randrange(1000):x}"
        return {
            "metadata": {
                "name": f"{metadata['name'][:200]}.{unique}",
                "namespace": metadata.get("namespace") or "default",
            },
            "involvedObject": {key: value for key, value in involved.items() if value},
            "reason": reason,
            "message": message,
            "source": {"component": self._component, **({"host": self._host} if self._host else {})},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }
