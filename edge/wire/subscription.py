"""The receiving end of the push protocol: keeps what is pushed, gives it to a receiver, reports what that serves.

One subscription outlives its channels: `run` speaks over one until it closes, and is called again with the next.
What it holds and when a manifest may be swapped in is decided by its `Shelf`; this file moves messages.

The road of an endpoint: `channel.receive` → decode → `Shelf.take_source` → `Receiver.apply_source`. Nothing on it
waits, and what is said about it upward comes after it.

An agent is a subscription whose receiver serves nothing itself but hands on to workers. It gives `through`, which
turns the subscription's own report into what the workers serve, and says when that changed: `settle` once they have
taken a manifest, `acknowledge` and `acknowledge_source` when there is something new to report.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from edge.model.manifest import Manifest
from edge.model.revision import Revision
from edge.model.source import SourceState
from edge.tasks import Tasks
from edge.wire.channel import Channel, ChannelClosed
from edge.wire.content import Content
from edge.wire.messages import (
    MISSING_SHOWN,
    OLDEST,
    PROTOCOL,
    Answer,
    Ask,
    Current,
    Document,
    Findings,
    Health,
    Hello,
    Leaving,
    Offer,
    ProtocolError,
    Report,
    Served,
    SourceUpdate,
    Traffic,
    Waiting,
    Want,
    Welcome,
    down,
    encode,
)
from edge.wire.shelf import Shelf, first_content
from edge.wire.writer import Writer

log = structlog.get_logger("edge.wire")


class Receiver(Protocol):
    """Serves what it is given. Both methods run on the loop, in its turn, and must not wait."""

    def apply(self, content: Content) -> Mapping[str, str]:
        """Swap `content` in, in place of everything before. Answers refused applications with the reason; of those
        the version applied before goes on. Called again with equal documents when only the origin or another
        application changed: equal hashes should mean no work."""

    def apply_source(self, state: SourceState) -> None:
        """The endpoints of a source that is served changed."""


class Subscription:
    """`initial` is what a disk knew; it is applied at once. `answers` answers the hub's questions: name → JSON.
    `health` is told what an agent's checks found. With `keep` documents are kept once they were applied: for a
    disk, and for subscribers of one's own."""

    def __init__(
        self,
        receiver: Receiver,
        initial: Content | None = None,
        *,
        answers: Mapping[str, Callable[[], bytes]] | None = None,
        through: Callable[[Report], Report] | None = None,
        health: Callable[[Health], None] | None = None,
        keep: bool = True,
    ) -> None:
        self._receiver = receiver
        self._keep = keep
        self._health = health
        self._answers = answers or {}
        self._through = through
        self._shelf = Shelf(initial)
        self._writer: Writer | None = None
        self._hello_due = self._want_due = self._report_due = self._waiting_due = False
        self._served_due: dict[str, Revision] = {}
        self._asked: deque[bytes] = deque()
        self._traffic_due: Traffic | None = None
        self._findings: Findings | None = None
        self._findings_due = False
        self.caught_up = asyncio.Event()
        """Set once there is something to serve, or the hub said that there is nothing yet."""
        if initial is not None:
            self._apply_first(first_content(initial))
            self._finish(self._apply(initial))

    def __repr__(self) -> str:
        return f"<Subscription {self._shelf!r} {'connected' if self._writer else 'not connected'}>"

    @property
    def served(self) -> Manifest:
        """The manifest that was applied last."""
        return self._shelf.served

    @property
    def content(self) -> Content:
        """What is served, whole (what a disk should keep)."""
        return self._shelf.content()

    async def run(self, channel: Channel) -> str:
        """Subscribe over `channel` until it closes; answers the reason. One at a time."""
        assert self._writer is None, "a subscription runs over one channel at a time"
        tasks = Tasks()
        self._writer = writer = Writer(channel, self._next_frame)
        self._served_due, self._asked, self._traffic_due = {}, deque(), None
        self._want_due = self._waiting_due = False
        self._hello_due = self._report_due = True
        self._findings_due = self._findings is not None
        tasks.start(writer.run(), "subscription writer")
        writer.wake()
        try:
            while True:
                frame = await channel.receive()
                self._take(frame)
                writer.wake()
        except ChannelClosed as closed:
            return closed.reason
        except ProtocolError as error:
            await channel.close(str(error))
            return str(error)
        finally:
            self._writer = None
            await tasks.close()

    # down

    def _take(self, frame: bytes) -> None:
        message, body = down.read(frame)
        match message:
            case SourceUpdate():
                self._take_source(message.state)
            case Document():
                if self._shelf.take_document(message.hash, body):
                    self._arrived()
            case Offer():
                self._offered(message)
            case Current():
                self.caught_up.set()
                if self._shelf.confirm(message.revision, message.origin):
                    self._finish(self._apply(self._shelf.content()))
            case Ask():
                self._asked.append(self._answer(message))
            case Health():
                if self._health is not None:
                    self._health(message)
            case Welcome():
                if message.protocol < OLDEST:
                    raise ProtocolError(f"expected protocol {OLDEST} to {PROTOCOL}, got {message.protocol}")
            case None:
                pass  # a newer hub's message

    def _take_source(self, state: SourceState) -> None:
        shelf = self._shelf
        key = state.source.key
        awaited = shelf.awaits(key)
        if not shelf.take_source(state):
            return
        if awaited:
            self._finish(self._apply(shelf.content()))
        elif shelf.serves(key):
            self._apply_source(state)
            if self._through is None:
                self._served_due[key] = state.revision
        if shelf.target is not None:
            self._arrived()

    def _apply_source(self, state: SourceState) -> None:
        try:
            self._receiver.apply_source(state)
        except Exception:
            log.exception("endpoints could not be applied", source=state.source.key)

    def _offered(self, offer: Offer) -> None:
        match self._shelf.offer(offer):
            case "taken":
                self._want_due = True
                self._waiting_due = not self._shelf.complete
                self._arrived()
            case "confirmed":
                self._finish(self._apply(self._shelf.content()))
            case "ignored":
                log.debug("an older manifest was ignored", offered=repr(offer.manifest.revision))

    def _arrived(self) -> None:
        if self._shelf.complete:
            self._apply_first(self._shelf.groundwork())
            self._finish(self._apply(self._shelf.swap()))
            self._want_due = True
            return
        if self._shelf.unasked and not self._shelf.lacking():
            self._shelf.unasked = False
            self._want_due = True
        if self._shelf.few_missing:
            self._waiting_due = True

    def _apply_first(self, groundwork: Content | None) -> None:
        """Serve the fallback before what it is a fallback for, so that the receiver has a version to keep."""
        if groundwork is not None and self._through is None:
            self._apply(groundwork)

    def _apply(self, content: Content) -> Mapping[str, str]:
        try:
            return self._receiver.apply(content)
        except Exception as error:
            log.exception("a manifest could not be applied", manifest=repr(content.manifest.revision))
            reason = f"an internal error ({type(error).__name__})"
            return {entry.application: reason for entry in content.manifest.applications}

    def _finish(self, refused: Mapping[str, str]) -> None:
        self.caught_up.set()
        if self._through is None:
            self._shelf.settle(refused)
        if not self._keep:
            self._shelf.lighten()
        self._waiting_due = False
        self._served_due = {}
        self._report_due = True

    def _answer(self, ask: Ask) -> bytes:
        answer = self._answers.get(ask.what)
        if answer is None:
            return encode(Answer(ask.id, f"nothing here answers {ask.what!r}"))
        try:
            return encode(Answer(ask.id), answer())
        except Exception as error:
            log.exception("a question could not be answered", what=ask.what)
            return encode(Answer(ask.id, f"an internal error ({type(error).__name__})"))

    # up

    def report(self) -> Report:
        """What is served now."""
        shelf = self._shelf
        own = Report(
            target=shelf.newest.revision,
            manifest=shelf.served.revision,
            applications=shelf.applications(),
            refused=dict(shelf.refused),
            missing=shelf.missing[:MISSING_SHOWN],
            sources=shelf.serving(),
            origin=shelf.origin,
        )
        return own if self._through is None else self._through(own)

    def settle(self, refused: Mapping[str, str]) -> bool:
        """For an agent: its workers have all taken the served manifest, except these applications. True when that
        is news: then what is kept of older versions may be less."""
        if self._shelf.settled and dict(refused) == dict(self._shelf.refused):
            return False
        self._shelf.settle(refused)
        self._want_due = True
        self.acknowledge()
        return True

    def acknowledge(self) -> None:
        """For an agent: what it reports changed."""
        self._report_due = True
        if self._writer is not None:
            self._writer.wake()

    def leave(self, last: bytes) -> None:
        """Tell the hub that this subscriber ends, with the last it has to say. The channel stays open for what is still
        served."""
        self._asked.append(encode(Leaving(), last))
        if self._writer is not None:
            self._writer.wake()

    def tell(self, traffic: Traffic) -> bool:
        """For an agent: have this sent after all else; False while the last one waits, or nobody is there."""
        if self._writer is None or self._traffic_due is not None:
            return False
        self._traffic_due = traffic
        self._writer.wake()
        return True

    def find(self, findings: Findings) -> None:
        """For an agent: what it holds to be unhealthy from now on. It is sent now, and on every new channel."""
        self._findings, self._findings_due = findings, True
        if self._writer is not None:
            self._writer.wake()

    def acknowledge_source(self, key: str, revision: Revision) -> None:
        """For an agent: its slowest worker serves this revision of a source."""
        self._served_due[key] = revision
        if self._writer is not None:
            self._writer.wake()

    def _next_frame(self) -> bytes | None:
        shelf = self._shelf
        if self._hello_due:
            self._hello_due = False
            return encode(Hello(PROTOCOL, shelf.served.partition, shelf.served.revision, shelf.wanted()))
        if self._want_due:
            self._want_due = False
            return encode(Want(shelf.lacking(), shelf.wanted()))
        if self._report_due:
            self._report_due, self._waiting_due, self._served_due = False, False, {}
            return encode(self.report())
        if self._waiting_due:
            self._waiting_due = False
            return encode(Waiting(shelf.newest.revision, shelf.missing[:MISSING_SHOWN]))
        if self._served_due:
            message, self._served_due = Served(self._served_due), {}
            return encode(message)
        if self._asked:
            return self._asked.popleft()
        if self._findings_due:
            self._findings_due = False
            assert self._findings is not None
            return encode(self._findings)
        traffic, self._traffic_due = self._traffic_due, None
        return None if traffic is None else encode(traffic)
