"""Events that `kubectl describe` shows, recorded as client-go's recorder does (tools/record/events_cache.go).

The same event again raises the count of the first. From the eleventh event on that differs from others only in its
message, within ten minutes, they are combined into one whose message and count are raised. A component may record only
so many: a burst, then a rate (the kubelet's defaults are 100 and 50/s; client-go's spam filter allows 25 for one
object, and one more every five minutes).
"""

from __future__ import annotations

from typing import Any, TypeVar

from simulator.controllers.cluster import CONTROLLER_MANAGER, Cluster
from simulator.errors import ApiError

Object = dict[str, Any]
K = TypeVar("K")
V = TypeVar("V")
Key = tuple[str, str, str, str]
"""UID, type, reason, message."""

BURST = 100
RATE = 50.0
BURST_PER_OBJECT = 25
REFILL_PER_OBJECT = 1 / 300
SIMILAR = 10
SIMILAR_WITHIN = 600.0
REMEMBERED = 4096
COMBINED = "(combined from similar events): "
_MANAGERS = {"kubelet": "kubelet", "default-scheduler": "kube-scheduler"}


class Recorder:
    """Records the events of one component (`deployment-controller`)."""

    def __init__(self, cluster: Cluster, component: str, host: str = "") -> None:
        self._cluster = cluster
        self._component = component
        self._host = host
        self._manager = _MANAGERS.get(component, CONTROLLER_MANAGER)
        self._known: dict[Key, tuple[str, str]] = {}
        self._similar: dict[Key, tuple[float, dict[str, None]]] = {}
        """Events but for their message → when the last one was, and the messages seen."""
        self._spent: dict[str, tuple[float, float]] = {}
        """Object → how many events of its burst are spent, and when that was so."""
        self._tokens = float(BURST)
        self._refilled = cluster.clock.unix()

    def normal(self, about: Object, reason: str, message: str) -> None:
        self._record(about, "Normal", reason, message)

    def warning(self, about: Object, reason: str, message: str) -> None:
        self._record(about, "Warning", reason, message)

    def forget(self, uid: str) -> None:
        """The object is gone; its events may be told anew."""
        self._spent.pop(uid, None)
        for known in (self._known, self._similar):
            for key in [key for key in known if key[0] == uid]:
                del known[key]

    def _record(self, about: Object, kind: str, reason: str, message: str) -> None:
        now = self._cluster.clock.unix()
        self._tokens = min(self._tokens + (now - self._refilled) * RATE, BURST)
        self._refilled = now
        if self._tokens < 1:
            return
        uid: str = about["metadata"]["uid"]
        key: Key = (uid, kind, reason, message)
        if self._is_one_of_many(key):
            key, message = (uid, kind, reason, ""), COMBINED + message
        if not self._allowed(uid):
            return
        self._tokens -= 1
        if key in self._known and self._again(*self._known[key], message):
            return
        try:
            made = self._cluster.create("events", self._event(about, kind, reason, message))
        except ApiError:
            return  # an event is never worth failing for (its namespace may be ending)
        _remember(self._known, key, (made["metadata"]["namespace"], made["metadata"]["name"]))

    def _is_one_of_many(self, key: Key) -> bool:
        now = self._cluster.clock.unix()
        last, messages = self._similar.get((*key[:3], ""), (now, {}))
        if now - last > SIMILAR_WITHIN:
            messages = {}
        many = len(messages) >= SIMILAR and key[3] not in messages
        if not many:
            messages[key[3]] = None
        _remember(self._similar, (*key[:3], ""), (now, messages))
        return many

    def _again(self, namespace: str, name: str, message: str) -> bool:
        event = self._cluster.get("events", namespace, name)
        if event is None:
            return False
        event.update(count=event.get("count", 1) + 1, message=message, lastTimestamp=self._cluster.clock.timestamp())
        self._cluster.update("events", event)
        return True

    def _allowed(self, uid: str) -> bool:
        now = self._cluster.clock.unix()
        spent, since = self._spent.get(uid, (0.0, now))
        spent = max(spent - (now - since) * REFILL_PER_OBJECT, 0.0)
        if spent > BURST_PER_OBJECT - 1:
            return False
        _remember(self._spent, uid, (spent + 1, now))
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
                "managedFields": [self._managed(involved, moment)],
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

    def _managed(self, involved: Object, moment: str) -> Object:
        """What the recorder owns: all that it writes, so it needs not be compared."""
        fields: Object = {
            "f:count": {},
            "f:firstTimestamp": {},
            "f:involvedObject": {f"f:{name}": {} for name in sorted(name for name in involved if involved[name])},
            "f:lastTimestamp": {},
            "f:message": {},
            "f:reason": {},
            "f:reportingComponent": {},
            **({"f:reportingInstance": {}} if self._host else {}),
            "f:source": {"f:component": {}, **({"f:host": {}} if self._host else {})},
            "f:type": {},
        }
        return {
            "manager": self._manager,
            "operation": "Update",
            "apiVersion": "v1",
            "time": moment,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }


def _remember(known: dict[K, V], key: K, value: V) -> None:
    """Set `key`; of more than 4,096 the oldest is forgotten, as in client-go's caches."""
    known[key] = value
    if len(known) > REMEMBERED:
        del known[next(iter(known))]
