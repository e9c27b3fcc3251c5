"""For any sequence of operations, what a watcher rebuilt equals a fresh list; revisions rise; no event comes twice."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulator.errors import Expired
from simulator.kinds.table import RESOURCES
from simulator.objects.selectors import Selector, parse
from simulator.store.history import Watch
from simulator.store.store import Store

MAPS = RESOURCES.of("v1", "ConfigMap")
PODS = RESOURCES.of("v1", "Pod")
NAMES = st.sampled_from(["a", "b", "c", "d"])
NAMESPACES = st.sampled_from(["x", "y"])
LABELS = st.sampled_from([{}, {"app": "one"}, {"app": "two"}, {"app": "one", "tier": "front"}])
VALUES = st.integers(0, 3)
KINDS = st.sampled_from([MAPS, PODS])
Object = dict[str, Any]
Key = tuple[str, str]


class Clock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


class Watcher:
    """A client: lists, watches from the list's version, resumes from the last version it saw, lists again on 410."""

    def __init__(self, store: Store, resource: Any, namespace: str | None, selector: str) -> None:
        self.store, self.resource, self.namespace = store, resource, namespace
        self.selector: Selector | None = parse(resource, selector, "")
        self.held: dict[Key, Object] = {}
        self.seen: set[tuple[int, str]] = set()
        self.last = 0
        self.lists = 0
        self.watch: Watch
        self.list()

    def list(self) -> None:
        self.held = {key_of(obj): obj for obj in self.store.list(self.resource, self.namespace, self.selector)}
        self.last = self.store.revision
        self.lists += 1
        self.reconnect()

    def from_the_current_state(self) -> None:
        """Start without a version: everything comes as ADDED, in the order of the keys."""
        self.watch.close()
        self.watch = self.store.watch(self.resource, namespace=self.namespace, selector=self.selector)
        initial = self.watch.ready()
        assert {event.type for event in initial} <= {"ADDED"}
        self.held = {key_of(event.object): event.object for event in initial}
        self.last = self.watch.revision

    def reconnect(self) -> None:
        """Resume after a break, at the last version seen."""
        if hasattr(self, "watch"):
            self.watch.close()
        try:
            self.watch = self.store.watch(
                self.resource, since=self.last, namespace=self.namespace, selector=self.selector
            )
        except Expired:
            self.list()

    def read(self) -> None:
        try:
            events = self.watch.ready()
        except Expired:
            self.list()
            return
        for event in events:
            obj = event.object
            assert obj["metadata"]["resourceVersion"] == str(event.revision)
            assert event.revision > self.last, f"{event} after {self.last}"
            assert (event.revision, event.type) not in self.seen
            self.seen.add((event.revision, event.type))
            self.last = event.revision
            self._take(event.type, obj)
        self.last = max(self.last, self.watch.revision)  # what a bookmark says

    def _take(self, type: str, obj: Object) -> None:
        key = key_of(obj)
        if type == "DELETED":
            assert key in self.held, f"{key} is deleted but was never seen"
            del self.held[key]
            return
        assert (type == "ADDED") == (key not in self.held), f"{type} of {key}, held {sorted(self.held)}"
        self.held[key] = obj

    def fresh(self) -> dict[Key, Object]:
        return {key_of(obj): obj for obj in self.store.list(self.resource, self.namespace, self.selector)}


def key_of(obj: Object) -> Key:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


class Watching(RuleBasedStateMachine):
    """Writers and watchers over one store, in any order."""

    @initialize()
    def begin(self) -> None:
        self.clock = Clock()
        self.store = Store(self.clock, random.Random(1))
        self.watchers: list[Watcher] = []
        self.revision = self.store.revision

    def the(self, kind: Any, namespace: str, name: str) -> Object | None:
        return self.store.get(kind, namespace, name)

    @rule(kind=KINDS, namespace=NAMESPACES, selector=st.sampled_from(["", "app=one", "app!=one", "tier", "!tier"]))
    def watch(self, kind: Any, namespace: str, selector: str) -> None:
        if len(self.watchers) < 6:
            self.watchers.append(Watcher(self.store, kind, namespace if len(self.watchers) % 2 else None, selector))

    @rule(kind=KINDS, namespace=NAMESPACES, name=NAMES, labels=LABELS, holds=st.booleans())
    def create(self, kind: Any, namespace: str, name: str, labels: dict[str, str], holds: bool) -> None:
        if self.the(kind, namespace, name) is None:
            finalizers = {"finalizers": ["example.com/hold"]} if holds else {}
            metadata = {"name": name, "namespace": namespace, "labels": labels, **finalizers}
            spec = {"containers": [{"name": "c", "image": "i:1"}], "nodeName": "n"}
            self.store.create(kind, {"metadata": metadata, **({"spec": spec} if kind is PODS else {"data": {}})})

    @rule(kind=KINDS, namespace=NAMESPACES, name=NAMES, labels=LABELS, value=VALUES)
    def update(self, kind: Any, namespace: str, name: str, labels: dict[str, str], value: int) -> None:
        found = self.the(kind, namespace, name)
        if found is not None:
            found["metadata"]["labels"] = labels
            found["metadata"]["annotations"] = {"value": str(value)}
            self.store.update(kind, found)

    @rule(namespace=NAMESPACES, name=NAMES, phase=st.sampled_from(["Pending", "Running", "Failed"]))
    def update_status(self, namespace: str, name: str, phase: str) -> None:
        found = self.the(PODS, namespace, name)
        if found is not None:
            found["status"] = {"phase": phase}
            self.store.update(PODS, found, subresource="status")

    @rule(kind=KINDS, namespace=NAMESPACES, name=NAMES, grace=st.sampled_from([None, 0, 30]))
    def delete(self, kind: Any, namespace: str, name: str, grace: int | None) -> None:
        if self.the(kind, namespace, name) is not None:
            self.store.delete(kind, namespace, name, grace_seconds=grace)

    @rule(kind=KINDS, namespace=NAMESPACES, name=NAMES)
    def let_go(self, kind: Any, namespace: str, name: str) -> None:
        found = self.the(kind, namespace, name)
        if found is not None and found["metadata"].pop("finalizers", None):
            self.store.update(kind, found)

    @rule(back=st.integers(0, 5))
    def compact(self, back: int) -> None:
        self.store.compact(max(self.store.revision - back, 0))

    @rule(minutes=st.integers(1, 12))
    def time_passes(self, minutes: int) -> None:
        self.clock.moment += timedelta(minutes=minutes)

    @precondition(lambda self: self.watchers)
    @rule(data=st.data())
    def reconnect(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.watchers)).reconnect()

    @precondition(lambda self: self.watchers)
    @rule(data=st.data())
    def begin_from_the_current_state(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.watchers)).from_the_current_state()

    @precondition(lambda self: self.watchers)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        watcher = data.draw(st.sampled_from(self.watchers))
        watcher.read()
        assert watcher.held == watcher.fresh()

    @invariant()
    def the_revision_never_falls(self) -> None:
        assert self.store.revision >= self.revision
        self.revision = self.store.revision

    def teardown(self) -> None:
        for watcher in getattr(self, "watchers", []):
            watcher.read()
            assert watcher.held == watcher.fresh()
            lists = watcher.lists
            watcher.reconnect()
            watcher.read()
            assert watcher.lists == lists, "a watcher that has seen everything resumes without a list"


TestWatching = Watching.TestCase
TestWatching.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
