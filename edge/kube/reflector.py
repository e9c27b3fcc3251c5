"""A reflector keeps the objects of one kind, of one namespace or of all, equal to the API server's.

Words. A *list* reads every object and the collection's *version*; a *watch* from a version reads every later change.
To *open* is to ask for a watch and be answered. A *relist* is a list when objects are already held; only its *diff*
is told to anybody. A *disturbance* ends something that worked; a *fault* is a refused or failed request.

Rules:

1. The state machine in `edge.kube.transitions`, a literal table, is the whole of the behaviour; `run` walks it.
2. A watch asks the server to end it after 30–40 s (jittered) and is cut when that is 5 s overdue. So a half-open
   connection, or a token that was revoked (which ends no open watch), is known within a minute.
3. It resumes from the version of the last event or bookmark. Only 410, as an HTTP status or as an ERROR event, and a
   watch that cannot be understood make it list again.
4. Held objects are never lost to an error. They go only by a DELETED event, or by a list that does not have them; and
   a list that is empty, or older than what is held, is believed only when a second, fresh one confirms it.
5. An object that cannot be read is reported and its last readable version kept; the others go on.
6. It is *live* from the moment a watch opens until something fails; a disturbance that the next attempt mends does not
   change that. `heard` is the last moment at which the connection was known to be good: the end of a watch, but of a
   stalled one its last line.

Invariants: whoever listens is told of changes synchronously, in the server's order, once each; `objects` already has
them when it is told. Cost: one task; one timer for each watch; one decode for each event.

A list is read in pages. When its continue token expires, the next attempt asks for everything at once: a list that
takes longer than the server keeps its history must not begin again for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from random import Random
from typing import Generic, NamedTuple, TypeVar

import msgspec
import structlog

from edge import clock
from edge.kube.backoff import Backoff
from edge.kube.client import PAGE, Client, Stream
from edge.kube.fault import Fault
from edge.kube.resources import Key, Object, Resource
from edge.kube.transitions import OF_REASON, TABLE, Happening, Pause, State
from edge.kube.types import UNREADABLE, AnyObject, Event, Status

log = structlog.get_logger("edge.kube.reflector")

SHORTEST_WATCH, LONGEST_WATCH = 30, 40  # seconds asked for
OVERDUE = 5.0  # seconds after which a watch that should have ended is cut
SETTLED = 5.0  # seconds after which a watch has proven that the server is well
CONFIRM_AFTER = 1.0  # seconds until a list that is hard to believe is read again
MOST_PAGES = 20_000
KNOWN_EVENTS = ("ADDED", "MODIFIED", "DELETED", "BOOKMARK")
TROUBLED = 3  # disturbances in a row that people are told of

T = TypeVar("T", bound=Object)


L, C, O, W = State.LISTING, State.CONFIRMING, State.OPENING, State.WATCHING  # noqa: E741
H = Happening

_decode_event = msgspec.json.Decoder(Event).decode
_decode_status = msgspec.json.Decoder(Status).decode
_decode_any = msgspec.json.Decoder(AnyObject).decode


class Changes(NamedTuple, Generic[T]):
    """What happened to the objects: those that came or changed, and those that went, as they last were."""

    put: tuple[T, ...]
    gone: tuple[T, ...]


class Reflector(Generic[T]):
    """Follows `resource` in `namespace` (empty: everywhere). `on_changes` is told what changed, also once, possibly
    with nothing, when the first list is in; `on_health` when `live`, `fault` or `trouble` (watches that keep breaking)
    changed."""

    def __init__(
        self,
        client: Client,
        resource: Resource[T],
        namespace: str = "",
        *,
        random: Random,
        on_changes: Callable[[Changes[T]], None],
        on_health: Callable[[], None],
    ) -> None:
        self.resource = resource
        self.namespace = namespace
        self.objects: dict[Key, T] = {}
        self.unreadable: dict[Key, str] = {}
        self.synced = False
        self.live = False
        self.fault: Fault | None = None
        self.trouble: Fault | None = None
        self.heard: datetime | None = None
        self.state = State.LISTING
        self._client = client
        self._random = random
        self._on_changes = on_changes
        self._on_health = on_health
        self._version = ""
        self._stream: Stream | None = None
        self._opened = 0.0
        self._watch_ends = 0.0
        self._broken = 0
        self._paged = True
        self._disturbances = Backoff(random, 0.25, 2.0, first_free=True)
        self._faults = Backoff(random, 0.25, 30.0)

    def __repr__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"<Reflector {self.resource.title}{where} {self.state.value} {len(self.objects)} at {self._version}>"

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            while True:
                happening, fault = await self._act()
                step = TABLE[self.state, happening]
                self._note(happening, fault)
                self.state = step.next
                if (pause := self._pause(step.pause, fault)) > 0:
                    await asyncio.sleep(pause)
        finally:
            await self._close()

    # walking the table

    async def _act(self) -> tuple[Happening, Fault | None]:
        act = {L: self._list, C: self._confirm, O: self._open, W: self._watch}[self.state]
        try:
            return await act(), None
        except Fault as fault:
            if self.state is W and fault.reason == "unreachable":
                return H.CUT, fault
            return OF_REASON[fault.reason], fault
        except Exception as error:
            # A bug, ours or a listener's, must not end the following of a cluster.
            log.error("reading a cluster failed unexpectedly", reflector=repr(self), exc_info=error)
            self.state = L
            return H.FAILED, Fault("failing", f"reading {self.resource.title} failed unexpectedly; see the log")

    def _note(self, happening: Happening, fault: Fault | None) -> None:
        was_paged = self._paged
        if self.state in (L, C):
            self._paged = not (happening is H.EXPIRED and was_paged)
        if happening is H.OPENED:
            self._faults.reset()
            self._set_health(True, None)
        elif fault is None:
            pass
        elif self.state is W:
            self._disturbed(fault)
        elif happening is not H.EXPIRED or (self.state in (L, C) and not was_paged):
            self._set_health(False, fault)

    def _disturbed(self, fault: Fault) -> None:
        """A watch broke. One is nothing; people are told when they keep breaking."""
        self._broken += 1
        if self._broken == TROUBLED:
            self.trouble = fault
            self._on_health()

    def _settle(self) -> None:
        self._disturbances.reset()
        self._broken = 0
        if self.trouble is not None:
            self.trouble = None
            self._on_health()

    def _set_health(self, live: bool, fault: Fault | None) -> None:
        said = (self.live, self.fault and (self.fault.reason, self.fault.message))
        self.live, self.fault = live, fault
        if said != (live, fault and (fault.reason, fault.message)):
            self._on_health()

    def _pause(self, pause: Pause, fault: Fault | None) -> float:
        if pause is Pause.NONE:
            return 0.0
        if pause is Pause.SHORT:
            return CONFIRM_AFTER * self._random.uniform(0.5, 1.0)
        if pause is Pause.DISTURBED:
            return self._disturbances.pause()
        asked = fault.retry_after if fault is not None else None
        usual = self._faults.pause()
        return usual if asked is None else max(usual, min(asked, 60.0) * self._random.uniform(1.0, 1.1))

    # listing

    async def _list(self) -> Happening:
        objects, version = await self._read_all()
        if self._doubtful(objects, version):
            return H.DOUBTED
        self._replace(objects, version)
        return H.LISTED

    async def _confirm(self) -> Happening:
        objects, version = await self._read_all()
        self._replace(objects, version)
        return H.LISTED

    def _doubtful(self, objects: Mapping[Key, T], version: str) -> bool:
        """Empty though more is (or, at the start, may be) held, or from before what is held (a lagging replica)."""
        return (not objects and (bool(self.objects) or not self.synced)) or _older(version, self._version)

    async def _read_all(self) -> tuple[dict[Key, T], str]:
        """Every object of a fresh read, and its version."""
        objects: dict[Key, T] = {}
        unreadable: dict[Key, str] = {}
        token = ""
        for _ in range(MOST_PAGES):
            limit = PAGE if self._paged else None
            page = await self._client.page(self.resource, self.namespace, token=token, limit=limit)
            self.heard = clock.now()
            for raw in page.items or ():
                if (object := self._read(raw, unreadable)) is not None:
                    objects[_key(object)] = object
            following = page.metadata.continue_token or ""
            if not following:
                self.unreadable = unreadable
                return objects, page.metadata.resource_version or ""
            if following == token:
                break
            token = following
        raise Fault("malformed", f"the list of {self.resource.title} does not end")

    def _replace(self, objects: dict[Key, T], version: str) -> None:
        """Make `objects` what is held and tell the difference."""
        for key in self.unreadable:
            if key in self.objects and key not in objects:
                objects[key] = self.objects[key]
        changes = difference(self.objects, objects)
        before, first = self.objects, not self.synced
        self.objects = objects
        self._version = version
        self.synced = True
        if first or changes.put or changes.gone:
            try:
                self._on_changes(changes)
            except Exception:
                self.objects, self.synced = before, not first  # what was not heard is told again by the next list
                raise

    def _read(self, raw: msgspec.Raw, unreadable: dict[Key, str]) -> T | None:
        """The object, or None after noting why it cannot be read. Raises as UNREADABLE without even an identity."""
        try:
            return self.resource.decode(raw)
        except UNREADABLE as error:
            unreadable[_key(_decode_any(raw))] = str(error)[:200]
            return None

    # watching

    async def _open(self) -> Happening:
        await self._close()
        seconds = self._random.randint(SHORTEST_WATCH, LONGEST_WATCH)
        asked = asyncio.get_running_loop().time()
        self._stream = await self._client.watch(self.resource, self.namespace, version=self._version, timeout=seconds)
        self.heard = clock.now()
        self._watch_ends = asked + seconds
        self._opened = asyncio.get_running_loop().time()
        return H.OPENED

    async def _watch(self) -> Happening:
        assert self._stream is not None
        loop = asyncio.get_running_loop()
        try:
            async with (
                asyncio.timeout_at(max(self._watch_ends, loop.time()) + OVERDUE),
                aclosing(self._stream.batches()) as batches,
            ):
                async for lines in batches:
                    self.heard = clock.now()
                    for line in lines:
                        self._take(line)
        except TimeoutError:
            return H.STALLED
        except Fault:
            self.heard = clock.now()
            raise
        finally:
            settled = loop.time() - self._opened >= SETTLED
            if settled:
                self._settle()
            await self._close()
        self.heard = clock.now()
        return H.ENDED if settled else H.CUT

    def _take(self, line: bytes) -> None:
        """Apply one event. Raises Fault for an ERROR event and for what cannot be read."""
        try:
            event = _decode_event(line)
            if event.type == "ERROR":
                raise self._error(_decode_status(event.object))
            if event.type not in KNOWN_EVENTS:
                return  # a type of the future: nothing that we hold changed
            meta = _decode_any(event.object).metadata
            changes = event.type != "BOOKMARK"
            object = self._read(event.object, self.unreadable) if changes else None
        except UNREADABLE as error:
            said = f"a watch of {self.resource.title} sent a line that cannot be read: {str(error)[:200]}"
            raise Fault("malformed", said) from error
        self._version = meta.resource_version or self._version
        if changes:
            self._apply((meta.namespace, meta.name), object, deleted=event.type == "DELETED")

    def _apply(self, key: Key, object: T | None, *, deleted: bool) -> None:
        held = self.objects.get(key)
        if deleted:
            self.unreadable.pop(key, None)
            if held is not None:
                self._tell_one(key, held, None, Changes((), (held,)))
        elif object is not None:
            self.unreadable.pop(key, None)
            if held != object:
                self._tell_one(key, held, object, Changes((object,), ()))

    def _tell_one(self, key: Key, before: T | None, after: T | None, changes: Changes[T]) -> None:
        self._hold(key, after)
        try:
            self._on_changes(changes)
        except Exception:
            self._hold(key, before)  # what was not heard is told again by the next list
            raise

    def _hold(self, key: Key, object: T | None) -> None:
        if object is None:
            self.objects.pop(key, None)
        else:
            self.objects[key] = object

    def _error(self, status: Status) -> Fault:
        said = self._client.clean(status.message or "no message")
        message = f"a watch of {self.resource.title} was ended by the API server ({status.code}): {said}"
        if status.code == 410 or status.reason in ("Expired", "Gone"):
            return Fault("expired", message)
        if status.code == 401:
            return Fault("unauthorized", message)
        if status.code == 403:
            return Fault("forbidden", message)
        if status.code == 429:
            return Fault("throttled", message, status.details.retry_after_seconds if status.details else None)
        return Fault("failing", message)

    async def _close(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.close()


def difference(held: Mapping[Key, T], read: Mapping[Key, T]) -> Changes[T]:
    """What turns `held` into `read`, in the order of `read`, then of `held`."""
    put = tuple(object for key, object in read.items() if held.get(key) != object)
    gone = tuple(object for key, object in held.items() if key not in read)
    return Changes(put, gone)


def _key(object: Object) -> Key:
    return object.metadata.namespace, object.metadata.name


def _older(version: str, than: str) -> bool:
    """Whether a version is before another; versions that are not numbers are never compared."""
    return version.isdecimal() and than.isdecimal() and int(version) < int(than)
