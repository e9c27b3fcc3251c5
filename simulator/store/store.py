"""The versioned object store: what etcd, the watch cache and the generic registry are to a real API server.

Words. A *revision* is one number for the whole store, raised by every write; an object's ``resourceVersion`` is the
revision of its last write. A *record* is one version of one object: its encoded bytes (without kind and apiVersion,
which every list omits and every single answer adds as a prefix) and the lean index that selectors need. An *event*
is a change from one record to the next; the *history* of a kind is its events in order.

Rules.
- Writes are synchronous and happen at one point (``_commit``): revision raised, record stored, event appended, watches
  woken, subscribers called. Subscribers are called in the order of the writes, also when one of them writes.
- A watch is a position in the history and holds no queue, so a slow one costs nothing. When the history was compacted
  past its position it ends with ``Expired``; it never misses an event silently.
- The bytes of an event are made once, whoever watches.
- A list at an old revision is today's content with the later events undone, so pages of one list agree with each
  other for as long as the history reaches back.

Cost: a write encodes one object; a list joins stored bytes; an event costs each watch one comparison.
Used from one event loop only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Protocol

from simulator import errors
from simulator.objects.metadata import new_name, new_uid, order_metadata, timestamp
from simulator.objects.record import Event, Record, Selector, WatchEvent, body_of, decode, encode
from simulator.objects.resource import Object, Resource
from simulator.objects.validation import metadata_problems
from simulator.schema.normalise import as_kubernetes_writes
from simulator.store.deletion import decide_deletion, decide_update_end
from simulator.store.history import Kind, Watch, expired
from simulator.store.updates import check_preconditions, content, merge_update

Objects = list[Object]
Track = Callable[[Object, Object | None], None]
Records = list[Record]


class Clock(Protocol):
    def now(self) -> datetime: ...


class Store:
    """See the module's essay. ``clock`` gives wall time; names and UIDs come from ``random``."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.clock = clock
        self.random = random
        self.revision = 1
        self.compacted = 0
        self._kinds: dict[str, Kind] = {}
        self._subscribers: list[Callable[[Event], None]] = []
        self._pending: list[Event] = []
        self._telling = False

    # reading

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object | None:
        """A fresh copy of one object, None when there is none."""
        record = self.record(resource, namespace, name)
        return None if record is None else record.seen_as(resource).decode()

    def record(self, resource: Resource, namespace: str | None, name: str) -> Record | None:
        return self._kind(resource).records.get(key_of(resource, namespace, name))

    def list(self, resource: Resource, namespace: str | None = None, selector: Selector | None = None) -> Objects:
        """Fresh copies of all objects (of one namespace), in the order of their keys."""
        return [record.seen_as(resource).decode() for record in self.records(resource, namespace, selector)]

    def records(self, resource: Resource, namespace: str | None = None, selector: Selector | None = None) -> Records:
        kind = self._kind(resource)
        found = (kind.records[key] for key in kind.sorted_keys())
        return [record for record in found if _chosen(record, namespace, selector)]

    def oldest(self, resource: Resource) -> int:
        """The lowest revision that lists and watches of this kind may still ask for."""
        return max(self.compacted, self._kind(resource).history.oldest)

    def count(self, resource: Resource) -> int:
        return len(self._kind(resource).records)

    def snapshot(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        revision: int | None = None,
        selector: Selector | None = None,
        after: str = "",
        limit: int = 0,
    ) -> tuple[Records, int]:
        """Records as they were at ``revision``, from the first key behind ``after``, at most ``limit`` (0: all).

        Answers the records and how many more there are behind them. Raises ``Expired``.
        """
        kind = self._kind(resource)
        undone = kind.undone(revision, self.compacted) if revision is not None and revision < self.revision else {}
        keys = kind.sorted_keys() if not undone else sorted({**kind.records, **undone})
        found: Records = []
        remaining = 0
        for index in range(bisect_right(keys, after) if after else 0, len(keys)):
            key = keys[index]
            record = undone[key] if key in undone else kind.records.get(key)
            if record is None or not _chosen(record, namespace, selector):
                continue
            if limit and len(found) == limit:
                remaining += 1
                if namespace is None and selector is None and not undone:
                    remaining += len(keys) - index - 1
                    break
                continue
            found.append(record)
        return found, remaining

    # writing

    def create(
        self,
        resource: Resource,
        obj: Object,
        *,
        validate: bool = False,
        dry_run: bool = False,
        track: Track | None = None,
    ) -> Object:
        """Store a new object; answers it as stored. Raises AlreadyExists (409), with ``validate`` Invalid (422).

        ``track`` is called with the new and the old object between defaults and admission (managed fields).
        """
        obj = decode(encode(obj))  # the caller's object stays the caller's
        obj.update(kind=resource.kind, apiVersion=resource.api_version)
        metadata = obj.setdefault("metadata", {})
        if not resource.namespaced:
            metadata.pop("namespace", None)
        self._name(resource, metadata)
        metadata["uid"] = new_uid(self.random)
        metadata["creationTimestamp"] = timestamp(self.clock.now())
        for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink"):
            metadata.pop(field, None)
        metadata.pop("generation", None)
        if resource.generation:
            metadata["generation"] = 1
        self._finish(resource, obj, None, validate, track)
        key = key_of(resource, metadata.get("namespace"), metadata["name"])
        if key in self._kind(resource).records:
            raise errors.already_exists(resource, metadata["name"])
        return self._write("ADDED", resource, key, obj, None, dry_run)

    def _name(self, resource: Resource, metadata: Object) -> None:
        prefix = metadata.get("generateName")
        if metadata.get("name") or not prefix:
            return
        records = self._kind(resource).records
        for _ in range(8):
            metadata["name"] = new_name(self.random, prefix)
            if key_of(resource, metadata.get("namespace"), metadata["name"]) not in records:
                break

    def update(
        self,
        resource: Resource,
        obj: Object,
        *,
        subresource: str | None = None,
        validate: bool = False,
        dry_run: bool = False,
        track: Track | None = None,
    ) -> Object:
        """Replace an object; answers it as stored, unchanged when nothing changed.

        A ``metadata.resourceVersion`` or ``metadata.uid`` that is set must be the stored one (Conflict, 409). With
        ``subresource="status"`` only the status (and annotations) are taken, without it everything but the status.
        """
        metadata = obj.get("metadata") or {}
        name = metadata.get("name") or ""
        namespace = metadata.get("namespace")
        old_record = self.record(resource, namespace, name)
        if old_record is None:
            raise errors.not_found(resource, name)
        check_preconditions(resource, old_record, metadata)
        old = old_record.seen_as(resource).decode()
        new = merge_update(resource, decode(encode(obj)), old, subresource)
        self._finish(resource, new, old, validate, track)
        if subresource is None and resource.generation and content(resource, new) != content(resource, old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if decide_update_end(resource, old, new, subresource):
            return self._remove(resource, old_record, new, dry_run)
        return self._write("MODIFIED", resource, old_record.key, new, old_record, dry_run)

    def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        grace_seconds: int | None = None,
        propagation: str = "Background",
        preconditions: Object | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Delete, or begin to: with finalizers or a grace period the object stays, with its deletionTimestamp.

        Answers the object as it is then, or was last. ``preconditions`` is ``{uid?, resourceVersion?}``.
        """
        record = self.record(resource, namespace, name)
        if record is None:
            raise errors.not_found(resource, name)
        check_preconditions(resource, record, preconditions or {})
        old = record.seen_as(resource).decode()
        decision = decide_deletion(resource, old, grace_seconds, propagation, self.clock.now())
        if decision.changed is not None:
            stored = self._write("MODIFIED", resource, record.key, decision.changed, record, dry_run)
            if not decision.remove or dry_run:
                return stored
            record = self.record(resource, namespace, name)
            assert record is not None
            old = stored
        if decision.remove:
            return self._remove(resource, record, old, dry_run)
        return old

    # watching

    def watch(
        self,
        resource: Resource,
        *,
        since: int | None = None,
        namespace: str | None = None,
        selector: Selector | None = None,
    ) -> Watch:
        """Changes after revision ``since``; with None (or 0) the current objects first, then changes.

        Raises ``Expired`` when the history no longer reaches back to ``since``.
        """
        kind = self._kind(resource)
        history = kind.history
        initial: Records = []
        if since:
            oldest = max(self.compacted, history.oldest)
            if since < oldest:
                raise expired(since, oldest)
            start = history.index_after(since)
        else:
            initial = self.records(resource, namespace, selector)
            start = history.first + len(history.events)
        return Watch(lambda: self.revision, kind, start, initial, namespace, selector)

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` after each write, in order; answers what ends the subscription."""
        self._subscribers.append(callback)

        def end() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return end

    def compact(self, revision: int | None = None) -> None:
        """Forget the history up to ``revision`` (all of it by default): older watches and lists answer 410."""
        upto = self.revision if revision is None else min(revision, self.revision)
        self.compacted = max(self.compacted, upto)
        for kind in self._kinds.values():
            history = kind.history
            history.drop(history.index_after(upto) - history.first, upto)

    def reset(self, revision: int = 1) -> None:
        """An empty store, as after a loss of etcd's disk: no events, no history, revisions start again."""
        kinds, self._kinds = self._kinds, {}
        self.revision = revision
        self.compacted = 0
        for kind in kinds.values():
            kind.history.first = 1 << 62  # an open watch finds itself expired
            kind.history.wake()

    def roll_back(self, revision: int) -> None:
        """The objects and the history as they were at ``revision``, as after a restored backup. Raises ``Expired``."""
        kinds = list(self._kinds.values())
        undone = [kind.undone(revision, self.compacted) for kind in kinds]
        for kind, records in zip(kinds, undone, strict=True):
            kind.roll_back(revision, records)
        self.revision = min(revision, self.revision)

    def take(self, type: str, resource: Resource, obj: Object, revision: int, *, quiet: bool = False) -> None:
        """Take in a version of an object as another cluster wrote it; ``quiet`` leaves no event."""
        order_metadata(obj)
        kind, record = self._kind(resource), Record(resource, _key(resource, obj), obj, revision)
        previous = kind.records.get(record.key)
        self.revision = max(self.revision, revision)
        if type != "DELETED":
            kind.put(record)
        elif previous is not None:
            kind.remove(record.key)
        if not quiet:
            self._commit(Event(type, record, previous, self.clock.now()))

    # inside

    def _kind(self, resource: Resource) -> Kind:
        kind = self._kinds.get(resource.key)
        if kind is None:
            kind = self._kinds[resource.key] = Kind(self.compacted)
        return kind

    def _finish(self, resource: Resource, obj: Object, old: Object | None, validate: bool, track: Track | None) -> None:
        if resource.defaults is not None:
            resource.defaults(obj)
        if track is not None:
            as_kubernetes_writes(resource, obj)
            track(obj, old)
        if resource.prepare is not None:
            resource.prepare(self, obj, old)
        if validate:
            causes = metadata_problems(resource, obj, old)
            if resource.validate is not None:
                causes += resource.validate(obj, old)
            if causes:
                raise errors.invalid(resource, obj["metadata"].get("name", ""), causes)
            as_kubernetes_writes(resource, obj)

    def _write(
        self,
        type: str,
        resource: Resource,
        key: str,
        obj: Object,
        previous: Record | None,
        dry_run: bool,
    ) -> Object:
        obj["metadata"]["resourceVersion"] = str(previous.revision if previous is not None else self.revision + 1)
        order_metadata(obj)
        if previous is not None and body_of(obj) == previous.body:
            return obj
        if dry_run:
            if previous is None:
                del obj["metadata"]["resourceVersion"]
            return obj
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        record = Record(resource, key, obj, self.revision)
        self._kind(resource).put(record)
        self._commit(Event(type, record, previous, self.clock.now()))
        return obj

    def _remove(self, resource: Resource, record: Record, last: Object, dry_run: bool) -> Object:
        if dry_run:
            return last
        self.revision += 1
        last["metadata"]["resourceVersion"] = str(self.revision)
        order_metadata(last)
        self._kind(resource).remove(record.key)
        gone = Record(resource, record.key, last, self.revision)
        self._commit(Event("DELETED", gone, record, self.clock.now()))
        return last

    def _commit(self, event: Event) -> None:
        history = self._kind(event.resource).history
        history.append(event)
        history.trim(event.at)
        history.wake()
        self._pending.append(event)
        if self._telling:
            return
        self._telling = True
        try:
            while self._pending:
                told = self._pending.pop(0)
                for subscriber in tuple(self._subscribers):
                    subscriber(told)
        finally:
            self._telling = False


def key_of(resource: Resource, namespace: str | None, name: str) -> str:
    return f"{namespace or ''}/{name}" if resource.namespaced else name


def _key(resource: Resource, obj: Object) -> str:
    return key_of(resource, obj["metadata"].get("namespace"), obj["metadata"]["name"])


def _chosen(record: Record, namespace: str | None, selector: Selector | None) -> bool:
    if namespace is not None and record.namespace != namespace:
        return False
    return selector is None or selector.matches(record)


__all__ = ["Event", "Record", "Store", "Watch", "WatchEvent"]
