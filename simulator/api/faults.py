"""Faults that the API server shows on request: refusals, delays, cut and silent streams, wrong lists, lost events.

A fault has a *match* (all given parts must be equal), a limit (``times``, or ``share`` of the matching requests;
neither: always) and what it does. Where several match, the oldest one that still acts is taken, for each stage of a
request: before it is answered (status, latency, expired), its answer (empty-list, stale-list, slow), its stream (cut,
end, silence, expired), each event (drop-event, duplicate-event, delay-event) and each bookmark (no-bookmarks). Stream
faults also reach open watches.

    simulator.faults.inject(StatusFault(429, retry_after=2), verb="list", resource="pods", times=1)
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Annotated, Any, NamedTuple

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Code = Annotated[int, msgspec.Meta(ge=400, le=599)]


class Fault(msgspec.Struct, forbid_unknown_fields=True, tag_field="type"):
    """What happens."""


class StatusFault(Fault, tag="status"):
    """Refuse with this code; ``plain`` is the text form that 429 and 503 have before the API is reached."""

    code: Code
    message: str = ""
    reason: str = ""
    retry_after: Positive | None = None
    plain: bool = False


class LatencyFault(Fault, tag="latency"):
    seconds: Seconds
    jitter: Seconds = 0.0


class SilenceFault(Fault, tag="silence"):
    """A connection that stays open and says nothing more; ``after`` seconds for a watch."""

    after: Seconds = 0.0


class CutFault(Fault, tag="cut"):
    """The connection breaks in the middle of a JSON object; a watch's after ``after`` seconds."""

    after: Seconds = 0.0


class EndFault(Fault, tag="end"):
    """A watch ends cleanly after ``after`` seconds."""

    after: Seconds = 0.0


class ExpiredFault(Fault, tag="expired"):
    """410: a Status on a list; on a watch, also an open one, an ERROR event, or with ``http`` a Status too."""

    http: bool = False


class SlowFault(Fault, tag="slow"):
    """The body comes in pieces of ``size`` bytes, ``pause`` seconds apart."""

    size: Positive = 16
    pause: Seconds = 0.01


class EmptyListFault(Fault, tag="empty-list"):
    """A list without its items."""


class StaleListFault(Fault, tag="stale-list"):
    """A list as it was ``behind`` revisions ago, with that revision."""

    behind: Positive = 10


class DropEventFault(Fault, tag="drop-event"):
    """An event that a watch never sees."""


class NoBookmarksFault(Fault, tag="no-bookmarks"):
    """A bookmark that a watch never sees, also the one that ends the initial events."""


class DuplicateEventFault(Fault, tag="duplicate-event"):
    """An event that a watch sees twice."""


class DelayEventFault(Fault, tag="delay-event"):
    """An event (and those behind it) that a watch sees later."""

    seconds: Seconds


Any_ = (
    StatusFault
    | LatencyFault
    | SilenceFault
    | CutFault
    | EndFault
    | ExpiredFault
    | SlowFault
    | EmptyListFault
    | StaleListFault
    | DropEventFault
    | NoBookmarksFault
    | DuplicateEventFault
    | DelayEventFault
)
BEFORE = (StatusFault, LatencyFault, ExpiredFault)
ANSWER = (EmptyListFault, StaleListFault, SlowFault)
BODY = (CutFault, SilenceFault, SlowFault)
STREAM = (CutFault, EndFault, SilenceFault, ExpiredFault)
BOOKMARK = (NoBookmarksFault,)
EVENT = (DropEventFault, DuplicateEventFault, DelayEventFault)


class Match(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Parts of a request; a part that is not given matches everything. ``resource`` is the plural name; ``continue``
    whether it asks for a list's next page."""

    verb: str | None = None
    resource: str | None = None
    namespace: str | None = None
    name: str | None = None
    user: str | None = None
    continue_: bool | None = msgspec.field(name="continue", default=None)


class Wanted(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A fault as the control API takes it."""

    fault: Any_
    match: Match = msgspec.field(default_factory=Match)
    times: Positive | None = None
    share: Share | None = None


class Asked(NamedTuple):
    """What a fault is matched against."""

    verb: str
    resource: str
    namespace: str
    name: str
    user: str
    continues: bool = False


class Entry:
    """One registered fault, and how often it acted."""

    __slots__ = ("id", "left", "used", "wanted")

    def __init__(self, id: str, wanted: Wanted) -> None:
        self.id = id
        self.wanted = wanted
        self.left = wanted.times
        self.used = 0

    def matches(self, asked: Asked) -> bool:
        match = self.wanted.match
        return (
            (match.verb is None or match.verb == asked.verb)
            and (match.resource is None or match.resource == asked.resource)
            and (match.namespace is None or match.namespace == asked.namespace)
            and (match.name is None or match.name == asked.name)
            and (match.user is None or match.user == asked.user)
            and (match.continue_ is None or match.continue_ == asked.continues)
        )

    def as_json(self) -> dict[str, Any]:
        described: dict[str, Any] = msgspec.to_builtins(self.wanted)
        return {"id": self.id, **described, "used": self.used}

    def __repr__(self) -> str:
        return f"<Fault {self.id} {type(self.wanted.fault).__name__} used={self.used}>"


class Faults:
    """The registry. ``random`` decides shares and jitter."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._entries: dict[str, Entry] = {}
        self._next = 1
        self._listeners: dict[object, Callable[[], None]] = {}

    def add(self, wanted: Any) -> str:
        """Take a fault as its JSON object; answers its id. Raises ValueError saying what is wrong."""
        try:
            read = msgspec.convert(wanted, Wanted)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from None
        if read.times is not None and read.share is not None:
            raise ValueError("a fault has `times` or `share`, not both")
        entry = Entry(f"fault-{self._next}", read)
        self._next += 1
        self._entries[entry.id] = entry
        self._tell()
        return entry.id

    def inject(
        self,
        fault: Any_,
        *,
        verb: str | None = None,
        resource: str | None = None,
        namespace: str | None = None,
        name: str | None = None,
        user: str | None = None,
        continues: bool | None = None,
        times: int | None = None,
        share: float | None = None,
    ) -> str:
        """``add`` for Python: what happens, and the requests to which. Answers its id; ValueError."""
        match = Match(verb=verb, resource=resource, namespace=namespace, name=name, user=user, continue_=continues)
        return self.add(msgspec.to_builtins(Wanted(fault, match, times, share)))

    def list(self) -> list[dict[str, Any]]:
        return [entry.as_json() for entry in self._entries.values()]

    def get(self, id: str) -> dict[str, Any] | None:
        entry = self._entries.get(id)
        return None if entry is None else entry.as_json()

    def remove(self, id: str) -> bool:
        gone = self._entries.pop(id, None)
        self._tell()
        return gone is not None

    def clear(self) -> None:
        self._entries.clear()
        self._tell()

    @property
    def idle(self) -> bool:
        """Whether there is no fault at all: the common case."""
        return not self._entries

    def take(self, asked: Asked, kinds: tuple[type[Fault], ...]) -> Fault | None:
        """The fault that acts on this request now, counted as used; None for none."""
        for entry in self._entries.values():
            if entry.left == 0 or not isinstance(entry.wanted.fault, kinds) or not entry.matches(asked):
                continue
            share = entry.wanted.share
            if share is not None and self._random.random() >= share:
                continue
            if entry.left is not None:
                entry.left -= 1
            entry.used += 1
            fault: Fault = entry.wanted.fault
            return fault
        return None

    def jitter(self, fault: LatencyFault) -> float:
        """How long this request is delayed, in seconds."""
        return fault.seconds + self._random.random() * fault.jitter

    def listen(self, key: object, callback: Callable[[], None]) -> None:
        """Call ``callback`` when faults were added or removed, until ``unlisten``; open streams look again."""
        self._listeners[key] = callback

    def unlisten(self, key: object) -> None:
        self._listeners.pop(key, None)

    def _tell(self) -> None:
        for callback in tuple(self._listeners.values()):
            callback()
