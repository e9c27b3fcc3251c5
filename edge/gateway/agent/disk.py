"""The last good snapshot on disk: what a gateway serves that starts while the Admin is away.

One file, readable by its owner only: a line with the format and the SHA-256 of the rest, then the content in
MessagePack (documents stay bytes). It is replaced in one step. A file that is damaged, or of another format, counts as
none: serving nothing and saying so beats serving half.

Writing is beside the road of endpoints: whatever changes says so with `note`, the content is asked for when it is
written, off the loop; what changes meanwhile is in the next file. Between two writes it rests ten times as long as the
first took, so that a small snapshot is never older than a moment and a large one keeps neither disk nor a core busy. A
release (`note_release`) does not wait: a gateway that is killed right after it must not come back without it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from edge import clock
from edge.gateway.agent.identity import write_private
from edge.model.document import hash_of
from edge.model.manifest import EMPTY, CertificateEntry, KeyEntry, ManifestEntry
from edge.wire.content import Content

log = structlog.get_logger("edge.gateway")

FORMAT = b"edge-snapshot 1 "
REST = 10.0
"""How many times as long as a write took the next one waits, unless there was a release."""
SHORTEST_REST = 0.05
LONGEST_REST = 5.0
"""Seconds."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Content)


def encode(content: Content) -> bytes:
    """The file's bytes."""
    body = _encoder.encode(content)
    return b"%b%b\n%b" % (FORMAT, hashlib.sha256(body).hexdigest().encode(), body)


def decode(file: bytes) -> Content:
    """The content, with origin "disk". Raises ValueError with what is wrong."""
    head, _, body = file.partition(b"\n")
    if not head.startswith(FORMAT):
        raise ValueError("it is not a snapshot of a format known here")
    if head[len(FORMAT) :] != hashlib.sha256(body).hexdigest().encode():
        raise ValueError("its checksum is wrong")
    try:
        content = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise ValueError(f"it cannot be read: {error}") from None
    manifest = content.manifest
    entries: list[ManifestEntry | CertificateEntry | KeyEntry] = [
        *manifest.applications,
        *manifest.certificates,
        *manifest.keys,
        *content.fallback,
    ]
    for entry in entries:
        document = content.documents.get(entry.hash)
        if document is None or hash_of(document) != entry.hash:
            raise ValueError(f"the document {entry.hash} of {_of(entry)} is missing or damaged")
    return msgspec.structs.replace(content, origin="disk")


def _of(entry: ManifestEntry | CertificateEntry | KeyEntry) -> str:
    return f"the key of {entry.application}" if isinstance(entry, KeyEntry) else entry.name


class Disk:
    """The snapshot in `file`. `load` first; then `run` as a task writes what `content` answers after every `note`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._content: Callable[[], Content] | None = None
        self._noted = asyncio.Event()
        self._released = asyncio.Event()
        self._written: Content | None = None

    def load(self) -> Content | None:
        """The last good snapshot; None when there is none or it is damaged (then the log says so)."""
        try:
            return decode(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("the snapshot on disk cannot be used", file=str(self._file), reason=str(error))
            return None

    def follow(self, content: Callable[[], Content]) -> None:
        """Where the content comes from."""
        self._content = content

    def note(self) -> None:
        """What is served changed."""
        self._noted.set()

    def note_release(self) -> None:
        """What is served changed by a release, which is not made to wait."""
        self._noted.set()
        self._released.set()

    async def run(self) -> None:
        """Write whenever something was noted."""
        while True:
            await self._noted.wait()
            self._released.clear()
            started = clock.precise()
            await self.write()
            took = clock.precise() - started
            try:
                async with asyncio.timeout(min(max(REST * took, SHORTEST_REST), LONGEST_REST)):
                    await self._released.wait()
            except TimeoutError:
                pass

    async def write(self) -> None:
        """Write now if something was noted since the last time."""
        if self._content is None or not self._noted.is_set():
            return
        self._noted.clear()
        content = self._content()
        if content.manifest is EMPTY or content == self._written:
            return
        try:
            await clock.run_blocking(lambda: write_private(self._file, encode(content)))
            self._written = content
        except OSError as error:
            log.error("the snapshot could not be written", file=str(self._file), reason=error.strerror)

    def __repr__(self) -> str:
        return f"<Disk {self._file}>"
