"""The file of a recording: JSON lines, readable with any tool.

    {"recording": 1, "at": 1767225600.0, "version": {"gitVersion": "v1.36.2", …}}
    {"resource": {"group": "", "version": "v1", "plural": "pods", "kind": "Pod", "namespaced": true, …}}
    {"list": "v1/pods", "at": …, "revision": 42, "items": […]}
    {"event": "MODIFIED", "of": "v1/pods", "at": …, "object": {…}}

`at` is wall time in seconds. What must not be kept is removed before a line is written: the data of secrets, the copy
of a secret in its last-applied annotation, and everything anywhere that looks like a service account's token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

FORMAT = 1
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
REMOVED = b"token-removed-by-recording"

Object = dict[str, Any]


class RecordingError(Exception):
    """A recording could not be read or made; the message says where and why."""


class Kind(msgspec.Struct, frozen=True):
    """A resource as discovery named it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    singular: str = ""
    short_names: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.api_version}/{self.plural}"

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        return (
            f"/apis/{self.group}/{self.version}/{self.plural}" if self.group else f"/api/{self.version}/{self.plural}"
        )


class Listed(msgspec.Struct):
    of: str
    at: float
    revision: int
    items: list[Object]


class Happened(msgspec.Struct):
    of: str
    at: float
    type: str
    object: Object

    @property
    def revision(self) -> int:
        return int(self.object["metadata"]["resourceVersion"])


class Recording(msgspec.Struct):
    """A whole file: lists by kind, events in the order of their revisions."""

    at: float
    version: Object
    kinds: dict[str, Kind]
    lists: dict[str, Listed]
    events: list[Happened]


def line(content: Object) -> bytes:
    """One line of the file, nothing in it that looks like a token."""
    return TOKEN.sub(REMOVED, msgspec.json.encode(content)) + b"\n"


def without_secrets(kind: Kind, obj: Object) -> Object:
    """`obj` without what a recording must not hold; changed in place."""
    if kind.plural == "secrets" and not kind.group:
        for field in ("data", "stringData"):
            obj.pop(field, None)
        annotations = obj.get("metadata", {}).get("annotations")
        if annotations:
            annotations.pop(LAST_APPLIED, None)
    return obj


def read(path: Path) -> Recording:
    """Raises RecordingError naming the file and the line."""
    found = Recording(0.0, {}, {}, {}, [])
    number = 0
    try:
        for number, content in _lines(path):
            _take(found, content, number)
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordingError(f"{path}, line {number + 1}: expected a line of a recording: {error}") from None
    if not found.at:
        raise RecordingError(f"{path}: expected a recording, found an empty file")
    found.events.sort(key=lambda event: event.revision)
    return found


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file):
                if raw.strip():
                    yield number, msgspec.json.decode(raw)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from None


def _take(found: Recording, content: Object, number: int) -> None:
    if number == 0:
        if content["recording"] != FORMAT:
            raise ValueError(f"this is format {content['recording']}, not {FORMAT}")
        found.at, found.version = float(content["at"]), content["version"]
    elif "resource" in content:
        kind = msgspec.convert(content["resource"], Kind)
        found.kinds[kind.key] = kind
    elif "list" in content:
        if content["list"] not in found.kinds:
            raise ValueError(f"there is no resource {content['list']} before this list")
        items = content["items"]
        found.lists[content["list"]] = Listed(content["list"], content["at"], int(content["revision"]), items)
    else:
        event = Happened(content["of"], float(content["at"]), content["event"], content["object"])
        if event.of not in found.kinds or event.type not in ("ADDED", "MODIFIED", "DELETED"):
            raise ValueError(f"{event.type} of {event.of}")
        assert event.revision >= 0
        found.events.append(event)
