"""watch: a stream of lines, one event each.

Order of a stream: the current objects as ADDED when it starts from the current state, the bookmark that ends them, then
changes as they come, a bookmark every minute and shortly before the end. A stream is authorised when it begins and
never again. What happened before its start and is forgotten is an ERROR event with 410, then the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from simulator.api.answer import Answer
from simulator.api.backend import Call
from simulator.api.faults import (
    BOOKMARK,
    EVENT,
    STREAM,
    CutFault,
    DelayEventFault,
    DropEventFault,
    DuplicateEventFault,
    EndFault,
    ExpiredFault,
    Fault,
    SilenceFault,
)
from simulator.api.negotiation import WATCHED, YAML, Form, negotiate
from simulator.api.resources import tables
from simulator.api.resources.options import Options, read, too_large
from simulator.errors import ApiError, Expired
from simulator.objects.record import WatchEvent, encode, encode_frame
from simulator.objects.resource import Resource
from simulator.objects.selectors import FieldTerm, Selector
from simulator.schema import schema
from simulator.schema.normalise import Normaliser
from simulator.store.history import Watch

BOOKMARK_EVERY = 60.0
BOOKMARK_BEFORE_END = 2.0
SHORTEST, LONGEST = 1800.0, 3600.0
"""A watch without timeoutSeconds ends after a random time between these (min-request-timeout × 1..2)."""
INITIAL_END = "k8s.io/initial-events-end"


class Cut(Exception):
    """The connection is to break here; ``rest`` is sent first."""

    def __init__(self, rest: bytes) -> None:
        super().__init__("cut by a fault")
        self.rest = rest


class Silent(Exception):
    """The connection is to stay open and say nothing more."""


def watch(call: Call, resource: Resource, open_streams: dict[Watch, None]) -> Answer:
    request, store = call.request, call.backend.store
    form = negotiate(request.header("accept"), ("Table", "PartialObjectMetadata"), protobuf=False)
    if form.media_type == YAML:
        form = form._replace(media_type="application/json")
    options = read(request, resource)
    if request.target.watch and request.target.name:
        options = options._replace(selector=_named(options.selector, request.target.name))
    if options.revision > store.revision and options.send_initial:
        raise too_large(options.revision, store.revision)
    from_now = "sendInitialEvents" in request.query and not options.send_initial
    since: int | None = options.revision or (store.revision if from_now else None)
    if options.send_initial:
        since = None
    namespace = request.target.namespace or None
    try:
        watched = store.watch(resource, since=since, namespace=namespace, selector=options.selector)
    except Expired as error:
        return Answer(200, form.content_type, stream=_one(_error_frame(error)))
    stream = Stream(call, resource, form, options, watched, initial=since is None)
    open_streams[watched] = None
    return Answer(200, form.content_type, stream=stream.lines(open_streams), close=watched.close)


def _named(selector: Selector | None, name: str) -> Selector:
    term = FieldTerm("metadata.name", True, name)
    return Selector((), (term,)) if selector is None else Selector(selector.labels, (*selector.fields, term))


async def _one(frame: bytes) -> AsyncIterator[bytes]:
    yield frame


def _error_frame(error: ApiError) -> bytes:
    return encode_frame("ERROR", encode(error.status()))


class Stream:
    """One open watch."""

    def __init__(
        self, call: Call, resource: Resource, form: Form, options: Options, watched: Watch, initial: bool
    ) -> None:
        self._call = call
        self._resource = resource
        self._form = form
        self._options = options
        self._watch = watched
        self._initial = initial
        self._fault: tuple[float, Fault] | None = None
        self._first = True

    async def lines(self, open_streams: dict[Watch, None]) -> AsyncIterator[bytes]:
        faults, watched = self._call.backend.faults, self._watch
        loop = asyncio.get_running_loop()
        asked = self._options.seconds
        lasting = self._call.backend.random.uniform(SHORTEST, LONGEST) if not asked or asked < 0 else float(asked)
        deadline = loop.time() + lasting
        bookmark = min(loop.time() + BOOKMARK_EVERY, max(deadline - BOOKMARK_BEFORE_END, loop.time() + 1))
        faults.listen(self, watched.wake)
        try:
            while not watched.closed and loop.time() < deadline:
                self._look_for_fault(loop.time())
                sent = await self._events()
                if sent:
                    yield sent
                self._show_fault(loop.time())
                if self._options.bookmarks and loop.time() >= bookmark:
                    if sent := self._bookmarked():
                        yield sent
                    last = deadline - BOOKMARK_BEFORE_END
                    bookmark = min(loop.time() + BOOKMARK_EVERY, last if last > loop.time() + 1 else deadline + 1)
                until = min(deadline, bookmark) if self._options.bookmarks else deadline
                await self._wait(min(until, self._fault[0]) if self._fault else until)
        except Expired as error:
            yield _error_frame(error)
        finally:
            faults.unlisten(self)
            watched.close()
            open_streams.pop(watched, None)

    async def _events(self) -> bytes:
        """The lines of everything that happened, with the initial bookmark behind the first ones."""
        events = self._watch.ready()
        if not self._call.backend.faults.idle:
            events = await self._through_faults(events)
        lines = [self._line(event) for event in events]
        if self._initial:
            self._initial = False
            if self._options.bookmarks:
                lines.append(self._bookmarked({INITIAL_END: "true"}))
        return b"".join(lines)

    async def _through_faults(self, events: list[WatchEvent]) -> list[WatchEvent]:
        out: list[WatchEvent] = []
        for event in events:
            fault = self._call.backend.faults.take(self._call.asked, EVENT)
            if isinstance(fault, DropEventFault):
                continue
            if isinstance(fault, DelayEventFault):
                await asyncio.sleep(fault.seconds)
            out += [event, event] if isinstance(fault, DuplicateEventFault) else [event]
        return out

    def _line(self, event: WatchEvent) -> bytes:
        record = event.record.seen_as(self._resource) if self._resource.list_key else event.record
        if not self._form.kind:
            return event.frame() if record is event.record else encode_frame(event.type, record.full())
        if self._form.kind == "Table":
            now = self._call.backend.clock.now()
            include = self._call.request.query.get("includeObject") or "Metadata"
            metadata = {"resourceVersion": str(record.revision)}
            body = tables.table(
                self._resource, [record], metadata, now,
                version=self._form.version, include=include, headers=self._first,
            )  # fmt: skip
            self._first = False
        else:
            body = tables.partial(record, self._form.version)
        return encode_frame(event.type, body)

    def _bookmarked(self, annotations: dict[str, str] | None = None) -> bytes:
        """A bookmark, or nothing when a fault keeps it."""
        faults = self._call.backend.faults
        kept = not faults.idle and faults.take(self._call.asked, BOOKMARK) is not None
        return b"" if kept else self._bookmark(annotations)

    def _bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        metadata: dict[str, Any] = {"resourceVersion": str(self._watch.revision)}
        if annotations:
            metadata["annotations"] = annotations
        kind, api_version = self._resource.kind, self._resource.api_version
        if self._form.kind:
            kind, api_version = self._form.kind, f"{self._form.group}/{self._form.version}"
        body: dict[str, Any] = {"kind": kind, "apiVersion": api_version}
        if self._form.kind == "Table":
            body |= {"metadata": metadata, "columnDefinitions": None, "rows": []}
        elif self._form.kind or not self._resource.schema:
            body["metadata"] = metadata
        else:
            body |= Normaliser().struct(schema().get(self._resource.schema), {"metadata": metadata})
        return encode_frame("BOOKMARK", encode(body))

    # faults

    def _look_for_fault(self, now: float) -> None:
        if self._fault is None and not self._call.backend.faults.idle:
            fault = self._call.backend.faults.take(self._call.asked, STREAM)
            if isinstance(fault, CutFault | EndFault | SilenceFault):
                self._fault = (now + fault.after, fault)
            elif fault is not None:
                self._fault = (now, fault)

    def _show_fault(self, now: float) -> None:
        if self._fault is None or self._fault[0] > now:
            return
        fault = self._fault[1]
        if isinstance(fault, CutFault):
            raise Cut(self._bookmark()[:40])
        if isinstance(fault, SilenceFault):
            raise Silent
        if isinstance(fault, ExpiredFault):
            raise Expired("The resourceVersion for the provided watch is too old.")
        self._watch.close()

    async def _wait(self, until: float) -> None:
        """Until something was written, a fault was changed, the watch was closed, or ``until`` on the loop's clock."""
        if self._watch.closed or self._watch.behind:
            return
        try:
            async with asyncio.timeout_at(until):
                await self._watch.changed()
        except TimeoutError:
            pass


__all__ = ["WATCHED", "Cut", "Silent", "watch"]
