"""How controllers read and write: the store by resource name, and an index of who owns what.

`Cluster` is the informer of every controller: it follows the store synchronously, so that what a controller wrote is
what it reads next, and no expectations have to be kept. Pods are held as lean views, other objects are decoded when
they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from sys import intern
from typing import Any, NamedTuple

import msgspec
import structlog

from simulator.clock import Clock
from simulator.controllers import pods as pod_views
from simulator.controllers.pods import Pod
from simulator.managed.managers import Manager, track_update
from simulator.objects.record import Event, Record
from simulator.objects.resource import Resource
from simulator.store.store import Store, Track

log = structlog.get_logger("simulator.controllers")

Object = dict[str, Any]
Objects = list[Object]
Pods = list[Pod]
PODS = "pods"
CONTROLLER_MANAGER = "kube-controller-manager"
UNTRACKED = (PODS, "events")
"""Written in thousands: finding out what changed would double the cost of each write. See `managed.pods`."""


class Ref(NamedTuple):
    """Where an object is: the resource's key (`deployments.apps`), namespace ("" for none) and name."""

    resource: str
    namespace: str
    name: str


class Change(NamedTuple):
    """One write: ADDED, MODIFIED or DELETED; `pod` and `old_pod` are set for pods only."""

    type: str
    ref: Ref
    record: Record
    pod: Pod | None
    old_pod: Pod | None


class _Owner(msgspec.Struct, rename="camel"):
    uid: str = ""
    kind: str = ""
    api_version: str = ""
    name: str = ""
    controller: bool = False
    block_owner_deletion: bool = False


class _Meta(msgspec.Struct, rename="camel"):
    owner_references: list[_Owner] | None = None


class _Body(msgspec.Struct):
    metadata: _Meta


_owners = msgspec.json.Decoder(_Body)


class Cluster:
    """See the module's essay."""

    def __init__(self, store: Store, rows: Iterable[Resource], clock: Clock, random: Random) -> None:
        self.store = store
        self.clock = clock
        self.random = random
        self.rows = {row.key: row for row in reversed(tuple(rows))}
        self.pods: dict[str, Pod] = {}
        self.pods_in: dict[str, dict[str, Pod]] = {}
        self.by_uid: dict[str, Ref] = {}
        self.dependents: dict[str, dict[Ref, str]] = {}
        self.unowned: dict[str, dict[str, Pod]] = {}
        self._owned_pods: dict[str, dict[str, Pod]] = {}
        self.refs: dict[str, dict[Ref, str]] = {}
        self._owners_of: dict[Ref, tuple[str, ...]] = {}
        self._handlers: dict[str, list[Callable[[Change], None]]] = {}
        self._every: list[Callable[[Change], None]] = []
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Take in what the store holds, then follow it."""
        for row in self.rows.values():
            for record in self.store.records(row):
                self._apply("ADDED", record)
        self._unsubscribe = self.store.subscribe(self._event)

    def stop(self) -> None:
        self._unsubscribe()

    def on(self, resource: str, handler: Callable[[Change], None]) -> None:
        """Call `handler` for each change of `resource`; it may only note what to do, never write."""
        self._handlers.setdefault(resource, []).append(handler)

    def on_every(self, handler: Callable[[Change], None]) -> None:
        """Call `handler` for each change of anything."""
        self._every.append(handler)

    # reading

    def get(self, resource: str, namespace: str | None, name: str) -> Object | None:
        return self.store.get(self.rows[resource], namespace, name)

    def at(self, ref: Ref) -> Object | None:
        return self.get(ref.resource, ref.namespace or None, ref.name)

    def record(self, ref: Ref) -> Record | None:
        """The stored form of an object, for what can be read without decoding it."""
        return self.store.record(self.rows[ref.resource], ref.namespace or None, ref.name)

    def list(self, resource: str, namespace: str | None = None) -> Objects:
        return self.store.list(self.rows[resource], namespace)

    def children(self, uid: str, resource: str) -> Objects:
        """The objects of `resource` that name `uid` as an owner, oldest name first."""
        refs = sorted(ref for ref in self.dependents.get(uid, ()) if ref.resource == resource)
        return [found for ref in refs if (found := self.at(ref)) is not None]

    def pods_of(self, uid: str) -> Pods:
        """The pods that `uid` controls, in the order in which they came."""
        return list(self._owned_pods.get(uid, {}).values())

    def selected(self, namespace: str, selector: dict[str, str]) -> Pods:
        """The pods of a namespace that have all these labels, in the order in which they came."""
        wanted = selector.items()
        return [pod for pod in self.pods_in.get(namespace, {}).values() if wanted <= pod.labels.items()]

    # writing

    def create(self, resource: str, obj: Object, manager: str = CONTROLLER_MANAGER) -> Object:
        """Create `obj`; its managed fields are `manager`'s ("" for nobody's)."""
        row = self.rows[resource]
        return self.store.create(row, obj, track=self._track(row, manager, None))

    def update(
        self, resource: str, obj: Object, subresource: str | None = None, manager: str = CONTROLLER_MANAGER
    ) -> Object:
        """Update `obj`, or only its `status`; what changes becomes `manager`'s ("" for nobody's)."""
        row = self.rows[resource]
        return self.store.update(row, obj, subresource=subresource, track=self._track(row, manager, subresource))

    def _track(self, row: Resource, manager: str, subresource: str | None) -> Track | None:
        if not manager or row.key in UNTRACKED:
            return None
        who = Manager(manager, "Update", subresource or "")

        def track(new: Object, old: Object | None) -> None:
            track_update(row, who, new, old, self.clock.now())

        return track

    def delete(
        self,
        ref: Ref,
        *,
        grace_seconds: int | None = None,
        propagation: str = "Background",
        uid: str = "",
    ) -> None:
        self.store.delete(
            self.rows[ref.resource],
            ref.namespace or None,
            ref.name,
            grace_seconds=grace_seconds,
            propagation=propagation,
            preconditions={"uid": uid} if uid else None,
        )

    # following

    def _event(self, event: Event) -> None:
        self._apply(event.type, event.record)

    def _apply(self, kind: str, record: Record) -> None:
        ref = Ref(record.resource.key, record.namespace, record.name)
        self.rows.setdefault(ref.resource, record.resource)  # a custom resource
        pod = old_pod = None
        if ref.resource == PODS:
            pod, old_pod = self._pod(kind, record)
        self._own(kind, ref, record)
        change = Change(kind, ref, record, pod, old_pod)
        for handler in self._handlers.get(ref.resource, ()):
            handler(change)
        for handler in self._every:
            handler(change)

    def _pod(self, kind: str, record: Record) -> tuple[Pod | None, Pod | None]:
        old = self.pods.get(record.key)
        pod = None
        if kind != "DELETED":
            try:
                pod = pod_views.read(record)
            except msgspec.ValidationError as error:
                log.error("a stored pod cannot be read", pod=record.key, error=str(error))
                return None, old
        if old is not None and (pod is None or pod.owner != old.owner):
            self._remove_pod(old)
        if pod is not None:
            owned = (
                self._owned_pods.setdefault(pod.owner, {}) if pod.owner else self.unowned.setdefault(pod.namespace, {})
            )
            for index in (self.pods, self.pods_in.setdefault(pod.namespace, {}), owned):
                index[pod.key] = pod
        return pod, old

    def _remove_pod(self, pod: Pod) -> None:
        owned = self._owned_pods.get(pod.owner, {}) if pod.owner else self.unowned.get(pod.namespace, {})
        for index in (self.pods, self.pods_in.get(pod.namespace, {}), owned):
            index.pop(pod.key, None)
        if pod.owner and not owned:
            self._owned_pods.pop(pod.owner, None)

    def _own(self, kind: str, ref: Ref, record: Record) -> None:
        before = self._owners_of.pop(ref, ())
        after: tuple[str, ...] = ()
        if kind == "DELETED":
            self.refs.get(ref.resource, {}).pop(ref, None)
            if self.by_uid.get(record.uid) == ref:
                del self.by_uid[record.uid]
        else:
            self.refs.setdefault(ref.resource, {})[ref] = record.uid
            self.by_uid[record.uid] = ref
            after = tuple(intern(owner.uid) for owner in owners(record))
        for uid in before:
            if uid not in after and (known := self.dependents.get(uid)) is not None:
                known.pop(ref, None)
                if not known:
                    del self.dependents[uid]
        for uid in after:
            self.dependents.setdefault(uid, {})[ref] = record.uid
        if after:
            self._owners_of[ref] = after


def owners(record: Record) -> list[_Owner]:
    """The owner references of a stored object."""
    if b'"ownerReferences"' not in record.body:
        return []
    try:
        return _owners.decode(record.body).metadata.owner_references or []
    except msgspec.ValidationError:
        return []


def owner_reference(owner: Object) -> Object:
    """The reference by which `owner` controls what it makes."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
