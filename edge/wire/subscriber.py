"""One subscriber as its hub sees it: what it serves by its own word, what it needs, and what is due to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from edge.model.revision import NOTHING, Revision
from edge.wire.channel import Channel
from edge.wire.messages import PROTOCOL, Ask, Current, Hello, Report, Served, Waiting, Want, Welcome, encode
from edge.wire.publication import Publication
from edge.wire.writer import Writer


class Frames(Protocol):
    """Where a subscriber's due names are turned into bytes, the same bytes for all."""

    def publication(self, partition: str) -> Publication | None: ...
    def document_frame(self, name: str) -> bytes | None: ...
    def source_frame(self, key: str) -> bytes | None: ...
    def source_revision(self, key: str) -> Revision | None: ...
    def health_frame(self, name: tuple[str, str]) -> bytes: ...
    def known_health(self) -> tuple[tuple[str, str], ...]: ...


_NOTHING_YET = encode(Current(NOTHING))
"""There is no manifest: what a subscriber has is the newest."""


class Subscriber:
    """What is due is at most: one manifest, each source once, the health of each upstream once, each document asked for
    once, the open questions. That is the bounded queue: a slow subscriber's grows no further, and holds no old
    state."""

    def __init__(self, name: str, partition: str, channel: Channel, hello: Hello, frames: Frames) -> None:
        self.name = name
        self.partition = partition
        self.channel = channel
        self.report = Report()
        self.questions: dict[int, asyncio.Future[bytes]] = {}
        self.writer = Writer(channel, self._next_frame)
        self._frames = frames
        self._told = (hello.partition, hello.manifest)
        self._known: dict[str, Revision] = dict(hello.sources)
        self._first: bytes | None = encode(Welcome(min(PROTOCOL, hello.protocol)))
        self._manifest_due = True
        self._sources_due: dict[str, None] = {}
        self._documents_due: dict[str, None] = {}
        self._health_due = dict.fromkeys(frames.known_health())
        self._asks_due: dict[int, bytes] = {}
        self._compare()

    def __repr__(self) -> str:
        due = len(self._sources_due) + len(self._documents_due) + self._manifest_due
        return f"<Subscriber {self.name} of {self.partition} serves={self.report.manifest} due={due}>"

    # what became due

    def publish_manifest(self) -> None:
        self._manifest_due = True
        self.writer.wake()

    def publish_source(self, key: str, revision: Revision) -> None:
        known = self._known.get(key)
        if known is not None and known < revision:
            self._sources_due[key] = None
            self.writer.wake()

    def publish_health(self, name: tuple[str, str]) -> None:
        self._health_due[name] = None
        self.writer.wake()

    def ask(self, number: int, what: str) -> asyncio.Future[bytes]:
        self.questions[number] = future = asyncio.get_running_loop().create_future()
        self._asks_due[number] = encode(Ask(number, what))
        self.writer.wake()
        return future

    def forget(self, number: int) -> None:
        """Nobody waits for the answer any more."""
        self.questions.pop(number, None)
        self._asks_due.pop(number, None)

    # what it says

    def want(self, want: Want) -> None:
        self._known = dict(want.sources)
        self._documents_due = dict.fromkeys(want.documents)
        self._sources_due = {}
        self._compare()

    def waits(self, message: Waiting) -> Report:
        return self._reported(target=message.target, missing=message.missing)

    def serves(self, message: Served) -> Report:
        return self._reported(sources={**self.report.sources, **message.sources})

    def _reported(
        self,
        target: Revision | None = None,
        missing: tuple[str, ...] | None = None,
        sources: Mapping[str, Revision] | None = None,
    ) -> Report:
        old = self.report
        self.report = Report(
            old.target if target is None else target,
            old.manifest,
            old.applications,
            old.refused,
            old.missing if missing is None else missing,
            old.sources if sources is None else sources,
            old.origin,
        )
        return self.report

    def _compare(self) -> None:
        for key, known in self._known.items():
            held = self._frames.source_revision(key)
            if held is not None and held > known:
                self._sources_due[key] = None

    # what is sent

    def _next_frame(self) -> bytes | None:
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        if self._sources_due and (frame_or_none := self._next_source()) is not None:
            return frame_or_none
        if self._health_due:
            name = next(iter(self._health_due))
            del self._health_due[name]
            return self._frames.health_frame(name)
        if self._manifest_due and (frame_or_none := self._manifest()) is not None:
            return frame_or_none
        if self._asks_due:
            return self._asks_due.pop(next(iter(self._asks_due)))
        return self._next_document()

    def _next_source(self) -> bytes | None:
        while self._sources_due:
            key = next(iter(self._sources_due))
            del self._sources_due[key]
            frame = self._frames.source_frame(key)
            if frame is not None:
                self._known[key] = self._frames.source_revision(key) or NOTHING
                return frame
        return None

    def _manifest(self) -> bytes | None:
        self._manifest_due = False
        publication = self._frames.publication(self.partition)
        if publication is None:
            return _NOTHING_YET
        told, self._told = self._told, publication.name
        return publication.current if told == publication.name else publication.offer

    def _next_document(self) -> bytes | None:
        while self._documents_due:
            name = next(iter(self._documents_due))
            del self._documents_due[name]
            frame = self._frames.document_frame(name)
            if frame is not None:
                return frame
        return None
