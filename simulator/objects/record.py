"""What the store keeps: versions of objects as bytes with a lean index, and the changes between them."""

from __future__ import annotations

from datetime import datetime
from sys import intern
from typing import Protocol

import msgspec

from simulator.objects.resource import Object, Resource

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


class Selector(Protocol):
    """Chooses records by labels and fields (``objects.selectors``)."""

    def matches(self, record: Record) -> bool: ...


def body_of(obj: Object) -> bytes:
    """What is kept of an object: all but the kind and apiVersion, which its resource knows."""
    return encode({k: v for k, v in obj.items() if k != "kind" and k != "apiVersion"})


def _shared(value: str) -> str:
    return intern(value) if type(value) is str else value


class Record:
    """One version of one object: bytes, and what selectors and lists read without decoding them."""

    __slots__ = ("body", "fields", "key", "labels", "name", "namespace", "resource", "revision", "uid")

    def __init__(self, resource: Resource, key: str, obj: Object, revision: int) -> None:
        metadata = obj["metadata"]
        self.resource = resource
        self.key = key
        self.namespace: str = metadata.get("namespace") or ""
        self.name: str = metadata["name"]
        self.uid: str = metadata.get("uid", "")
        self.revision = revision
        # Interned, because thousands of objects have the same labels and fields.
        self.labels: dict[str, str] = {k: _shared(v) for k, v in (metadata.get("labels") or {}).items()}
        self.fields: tuple[str, ...] = tuple(intern(read(obj)) for read in resource.selectable.values())
        self.body: bytes = body_of(obj)

    def field(self, name: str) -> str | None:
        """A selectable field's value, None when this kind has no such field."""
        if name == "metadata.name":
            return self.name
        if name == "metadata.namespace":
            return self.namespace
        for index, known in enumerate(self.resource.selectable):
            if known == name:
                return self.fields[index]
        return None

    def full(self) -> bytes:
        """The whole object as JSON, with kind and apiVersion."""
        return type_prefix(self.resource) + self.body[1:]

    def decode(self) -> Object:
        obj: Object = decode(self.full())
        return obj

    def seen_as(self, resource: Resource) -> Record:
        """The same object in the form of another row that shares its place in the store (another version or group)."""
        if self.resource is resource or self.resource.api_version == resource.api_version or resource.convert is None:
            return self
        obj = resource.convert(self.decode())
        return Record(resource, self.key, obj, self.revision)

    def at(self, revision: int) -> Record:
        """The same content under another revision, as a DELETED event shows it."""
        obj = self.decode()
        obj["metadata"]["resourceVersion"] = str(revision)
        return Record(self.resource, self.key, obj, revision)

    def __repr__(self) -> str:
        return f"<Record {self.resource.plural} {self.key} @{self.revision}>"


def type_prefix(resource: Resource) -> bytes:
    return b'{"kind":"%b","apiVersion":"%b",' % (resource.kind.encode(), resource.api_version.encode())


class Event:
    """One change: ADDED (previous is None), MODIFIED, or DELETED (``record`` is the last content)."""

    __slots__ = ("_gone", "at", "previous", "record", "type")

    def __init__(self, type: str, record: Record, previous: Record | None, at: datetime) -> None:
        self.type = type
        self.record = record
        self.previous = previous
        self.at = at
        self._gone: Record | None = None

    @property
    def resource(self) -> Resource:
        return self.record.resource

    @property
    def revision(self) -> int:
        return self.record.revision

    @property
    def namespace(self) -> str:
        return self.record.namespace

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def object(self) -> Object:
        """A fresh decoded copy of the object after the change (before it, for DELETED)."""
        return self.record.decode()

    @property
    def old(self) -> Object | None:
        """A fresh decoded copy of the object before the change."""
        return None if self.previous is None else self.previous.decode()

    def gone(self) -> Record:
        """For a watch whose selector no longer matches: the previous content under this event's revision."""
        if self._gone is None:
            assert self.previous is not None
            self._gone = self.previous.at(self.revision)
        return self._gone

    def __repr__(self) -> str:
        return f"<Event {self.type} {self.record.resource.plural} {self.record.key} @{self.revision}>"


def encode_frame(type: str, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (type.encode(), body)


class Frames:
    """The lines that watches sent last, so that a line is encoded once for all watches; bounded, oldest out."""

    __slots__ = ("_made",)

    LIMIT = 512

    def __init__(self) -> None:
        self._made: dict[tuple[int, str], bytes] = {}

    def of(self, type: str, record: Record) -> bytes:
        key = (record.revision, type)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = encode_frame(type, record.full())
            if len(self._made) > self.LIMIT:
                del self._made[next(iter(self._made))]
        return made


class WatchEvent:
    """What one watch sees: the type relative to its selector, and the object."""

    __slots__ = ("_frames", "record", "type")

    def __init__(self, type: str, record: Record, frames: Frames) -> None:
        self.type = type
        self.record = record
        self._frames = frames

    @property
    def revision(self) -> int:
        return self.record.revision

    @property
    def object(self) -> Object:
        return self.record.decode()

    def frame(self) -> bytes:
        """The line that the watch's stream carries."""
        return self._frames.of(self.type, self.record)

    def __repr__(self) -> str:
        return f"<WatchEvent {self.type} {self.record!r}>"
