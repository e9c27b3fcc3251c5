"""The sending end of the push protocol: Admin to agents, agent to workers.

Words: a *subscriber* is one connected channel with its name and partition; a *publication* is the newest manifest of
a partition; *due* is what a subscriber has not been sent yet; a *report* is what it says it serves.

Rules:
1. What is published replaces only what is older: by revision, per partition and per source.
2. A subscriber says what it needs (`Want`) and is sent that only: documents it lacks, one by one; sources with a newer
   revision than it holds. It gets nothing of sources that neither its target nor what it serves names.
3. Bytes are made once and are the same object for all.
4. Nothing is queued but names (see `edge.wire.writer`): a subscriber that is slow gets, when it is ready, the newest
   state and not the history; nobody waits for it and its queue is bounded by what it needs.
5. Order within a subscriber: sources before everything, then health, documents after everything, so that a release
   that is being fetched does not delay an endpoint by more than one document.
6. Whatever a subscriber sends can end only its own channel.

The road of an endpoint: `publish_source` → look-up per subscriber → `channel.send_now` in the same call. No task, no
timer; a channel without `send_now` is written by the subscriber's task on the loop's next turn.

Cost: a source is encoded once when its first subscriber is sent it; a publication costs its manifest's length once,
and 1 dictionary look-up per subscriber and source change.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from types import MappingProxyType

import structlog

from edge.model.manifest import Manifest, ManifestEntry
from edge.model.revision import Revision
from edge.model.source import Source, SourceState
from edge.tasks import Tasks
from edge.wire.channel import Channel, ChannelClosed
from edge.wire.content import Origin
from edge.wire.messages import (
    OLDEST,
    PROTOCOL,
    Answer,
    Findings,
    Health,
    Hello,
    Leaving,
    ProtocolError,
    Report,
    Served,
    SourceUpdate,
    Traffic,
    Up,
    Waiting,
    Want,
    encode,
    up,
)
from edge.wire.publication import Publication, PublishedDocument, gathered
from edge.wire.shelf import replaces
from edge.wire.subscriber import Subscriber

log = structlog.get_logger("edge.wire")

HELLO_WITHIN = 10.0
"""Seconds in which a channel's first message must come, if nothing else is said."""


class Unanswered(Exception):
    """A question got no answer; the message says why."""


class _Published:
    """A source's state; its frame is made when it is first sent."""

    __slots__ = ("frame", "state")

    def __init__(self, state: SourceState) -> None:
        self.state = state
        self.frame: bytes | None = None


def _ignore(*_: object) -> None:
    """No callback."""


class Hub:
    """`on_report(name, report)` follows every acknowledgement, `on_gone(name)` a subscriber's end. Where only the
    revisions of some sources changed, `on_served(name, those)` is called instead, if given. `on_leaving(name, last)`
    tells that a subscriber ends, with the last it has to say, `on_traffic(name, traffic)` what its workers were asked,
    `on_findings(name, findings)` which endpoints it found unhealthy. All run on the loop in the hub's turn; what they
    raise is logged and harms nobody."""

    def __init__(
        self,
        *,
        on_report: Callable[[str, Report], None] = _ignore,
        on_gone: Callable[[str], None] = _ignore,
        on_served: Callable[[str, Mapping[str, Revision]], None] | None = None,
        on_leaving: Callable[[str, bytes], None] = _ignore,
        on_traffic: Callable[[str, Traffic], None] = _ignore,
        on_findings: Callable[[str, Findings], None] = _ignore,
        hello_within: float = HELLO_WITHIN,
    ) -> None:
        self.on_report = on_report
        self.on_served = on_served
        self.on_gone = on_gone
        self.on_leaving = on_leaving
        self.on_traffic = on_traffic
        self.on_findings = on_findings
        self._hello_within = hello_within
        self._publications: dict[str, Publication] = {}
        self._documents: dict[str, PublishedDocument] = {}
        self._sources: dict[str, _Published] = {}
        self._health: dict[tuple[str, str], bytes] = {}
        self._subscribers: dict[str, Subscriber] = {}
        self._reports: dict[str, Report] = {}
        self._numbers = itertools.count(1)

    def __repr__(self) -> str:
        return (
            f"<Hub partitions={len(self._publications)} documents={len(self._documents)} "
            f"sources={len(self._sources)} subscribers={list(self._subscribers)}>"
        )

    @property
    def reports(self) -> Mapping[str, Report]:
        """The last report of every connected subscriber that has sent one."""
        return MappingProxyType(self._reports)

    @property
    def connected(self) -> tuple[str, ...]:
        """The names of all connected subscribers."""
        return tuple(self._subscribers)

    # publishing

    def publish_manifest(
        self,
        manifest: Manifest,
        documents: Mapping[str, bytes],
        *,
        fallback: tuple[ManifestEntry, ...] = (),
        origin: Origin = "admin",
        partition: str | None = None,
    ) -> None:
        """Replace the partition's manifest if this one is newer; with the same revision, its fallback and origin.

        `documents` maps hash → bytes and may leave out what the hub holds. `partition` is the one that subscribers
        ask for when it is not the manifest's own. ValueError when a named document is missing or too large; then
        nothing has changed."""
        partition = manifest.partition if partition is None else partition
        held = self._publications.get(partition)
        if held is not None and not replaces(manifest, held.manifest) and not held.differs(manifest, fallback, origin):
            return
        named = dict.fromkeys((*manifest.hashes, *(entry.hash for entry in fallback)))
        found = gathered(named, documents, self._documents)
        sources = dict.fromkeys(key for document in found.values() for key in document.sources)
        self._publications[partition] = Publication(manifest, fallback, origin, sources)
        self._documents |= found
        self._drop_documents()
        for subscriber in self._of(partition):
            subscriber.publish_manifest()

    def publish_source(self, state: SourceState) -> None:
        """Replace the state of its source if this one is newer, and send it to whoever needs it."""
        key = state.source.key
        held = self._sources.get(key)
        if held is not None and held.state.revision >= state.revision:
            return
        self._sources[key] = _Published(state)
        for subscriber in self._subscribers.values():
            subscriber.publish_source(key, state.revision)

    def publish_health(self, health: Health) -> None:
        """Replace what is known of the upstream, and tell everybody; one that connects later is told first of all."""
        name = (health.application, health.upstream)
        if health.unhealthy:
            self._health[name] = encode(health)
        elif self._health.pop(name, None) is None:
            return
        for subscriber in self._subscribers.values():
            subscriber.publish_health(name)

    def forget_source(self, source: Source) -> None:
        """Nothing names it any more. Subscribers drop it by themselves when what they serve does not name it."""
        self._sources.pop(source.key, None)

    def forget_partition(self, partition: str) -> None:
        """The partition is no more. Its subscribers, if any, keep what they serve."""
        if self._publications.pop(partition, None) is not None:
            self._drop_documents()

    def _drop_documents(self) -> None:
        named = {name: None for publication in self._publications.values() for name in publication.hashes}
        self._documents = {name: document for name, document in self._documents.items() if name in named}

    def _of(self, partition: str) -> list[Subscriber]:
        return [one for one in self._subscribers.values() if one.partition == partition]

    # what subscribers are sent

    def publication(self, partition: str) -> Publication | None:
        return self._publications.get(partition)

    def document_frame(self, name: str) -> bytes | None:
        document = self._documents.get(name)
        return None if document is None else document.frame

    def source_frame(self, key: str) -> bytes | None:
        held = self._sources.get(key)
        if held is None:
            return None
        if held.frame is None:
            held.frame = encode(SourceUpdate(held.state))
        return held.frame

    def source_revision(self, key: str) -> Revision | None:
        held = self._sources.get(key)
        return None if held is None else held.state.revision

    def health_frame(self, name: tuple[str, str]) -> bytes:
        return self._health.get(name) or encode(Health(*name))

    def known_health(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._health)

    # subscribers

    async def serve(self, channel: Channel, partition: str, name: str) -> str:
        """Serve one subscriber until its channel closes; answers the reason. One of the same name that is still
        connected is closed: a gateway that comes back is the same gateway."""
        tasks = Tasks()
        subscriber: Subscriber | None = None
        try:
            hello = await self._hello(channel)
            subscriber = Subscriber(name, partition, channel, hello, self)
            before = self._subscribers.pop(name, None)
            if before is not None:
                tasks.start(before.channel.close(f"{name} connected again"), f"closing the former {name}")
                self._forget(before)
            self._subscribers[name] = subscriber
            tasks.start(subscriber.writer.run(), f"writer of {name}")
            subscriber.writer.wake()
            while True:
                message, body = up.read(await channel.receive())
                self._take(subscriber, message, body)
        except ChannelClosed as closed:
            return closed.reason
        except ProtocolError as error:
            log.warning("a subscriber was disconnected", name=name, reason=str(error))
            await channel.close(str(error))
            return str(error)
        finally:
            if subscriber is not None and self._subscribers.get(name) is subscriber:
                del self._subscribers[name]
                self._forget(subscriber)
                self._call(self.on_gone, name)
            await tasks.close()

    async def _hello(self, channel: Channel) -> Hello:
        try:
            async with asyncio.timeout(self._hello_within):
                message, _ = up.read(await channel.receive())
        except TimeoutError:
            raise ProtocolError(f"expected a hello within {self._hello_within:.0f} s, nothing came") from None
        if not isinstance(message, Hello):
            kind = "unknown" if message is None else type(message).__name__.lower()
            raise ProtocolError(f"expected a hello first, got a message of type {kind}")
        if message.protocol < OLDEST:
            raise ProtocolError(
                f"expected protocol {OLDEST} to {PROTOCOL}, got {message.protocol}: upgrade this gateway first"
            )
        return message

    def _take(self, subscriber: Subscriber, message: Up | None, body: bytes) -> None:
        match message:
            case Report():
                subscriber.report = message
                self._reported(subscriber, message)
            case Waiting():
                self._reported(subscriber, subscriber.waits(message))
            case Served():
                self._reported(subscriber, subscriber.serves(message), message.sources)
            case Want():
                subscriber.want(message)
                subscriber.writer.wake()
            case Answer():
                question = subscriber.questions.pop(message.id, None)
                if question is not None and not question.done():
                    _resolve(question, message, body)
            case Traffic():
                self._call(self.on_traffic, subscriber.name, message)
            case Findings():
                self._call(self.on_findings, subscriber.name, message)
            case Leaving():
                self._call(self.on_leaving, subscriber.name, body)
            case Hello():
                raise ProtocolError("expected one hello, got a second")
            case None:
                pass  # a newer subscriber's message

    def _reported(self, subscriber: Subscriber, report: Report, changed: Mapping[str, Revision] | None = None) -> None:
        if self._subscribers.get(subscriber.name) is not subscriber:
            return
        self._reports[subscriber.name] = report
        if changed is not None and self.on_served is not None:
            self._call(self.on_served, subscriber.name, changed)
        else:
            self._call(self.on_report, subscriber.name, report)

    def _forget(self, subscriber: Subscriber) -> None:
        self._reports.pop(subscriber.name, None)
        for question in subscriber.questions.values():
            if not question.done():
                question.set_exception(Unanswered(f"{subscriber.name} has gone"))
        subscriber.questions = {}

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:
            log.exception("a hub's callback failed", callback=repr(callback))

    async def disconnect(self, name: str, reason: str) -> bool:
        """Close a subscriber's channel; False when it is not connected."""
        subscriber = self._subscribers.get(name)
        if subscriber is None:
            return False
        await subscriber.channel.close(reason)
        return True

    # questions

    async def ask(self, name: str, what: str, timeout: float = 2.0) -> bytes:
        """Ask a subscriber; its answer's bytes (JSON). Raises Unanswered."""
        subscriber = self._subscribers.get(name)
        if subscriber is None:
            raise Unanswered(f"{name} is not connected")
        number = next(self._numbers)
        try:
            async with asyncio.timeout(timeout):
                return await subscriber.ask(number, what)
        except TimeoutError:
            raise Unanswered(f"{name} did not answer within {timeout:.1f} s") from None
        finally:
            subscriber.forget(number)

    async def ask_all(self, what: str, timeout: float = 2.0) -> dict[str, bytes]:
        """Ask all at once; the answers of those that answered, by name."""
        names = self.connected
        answers = await asyncio.gather(*(self.ask(name, what, timeout) for name in names), return_exceptions=True)
        return {name: answer for name, answer in zip(names, answers, strict=True) if isinstance(answer, bytes)}


def _resolve(question: asyncio.Future[bytes], answer: Answer, body: bytes) -> None:
    if answer.error:
        question.set_exception(Unanswered(answer.error))
    else:
        question.set_result(body)
