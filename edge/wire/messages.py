"""The messages of the push protocol, and their bytes.

A message is one JSON object with its `type`; a document's or answer's body follows it after a newline, as it is (a
JSON object of ours has no raw newline), so that bytes named by their hash are never re-encoded.

    subscriber                                hub
    Hello (what I serve, which sources)  ──▶
                                         ◀──  Welcome
    Report                               ──▶
                                         ◀──  Offer (a manifest, by names), or Current (you have the newest)
    Want (documents and sources lacking) ──▶
                                         ◀──  SourceUpdate …  Document …   one by one
    Report, Waiting, Served              ──▶
                                         ◀──  SourceUpdate                 whenever endpoints change
                                         ◀──  Health                       of an agent: at first, and when it changes
                                         ◀──  Ask
    Answer                               ──▶
    Findings (of an agent: who is unhealthy) ──▶                          at first, and when it changes
    Traffic (of an agent: what was asked) ──▶                             a few seconds apart, while there is any
    Leaving (I take nothing new)         ──▶

Unknown types and unknown fields are ignored, new fields have defaults, and a type or field never changes its meaning:
that is how version N speaks to N-1. `PROTOCOL` rises with a change that this does not cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeAlias, TypeVar

import msgspec

from edge.model.manifest import Manifest, ManifestEntry
from edge.model.revision import NOTHING, Revision
from edge.model.source import SourceState
from edge.wire.content import Origin

PROTOCOL = 1
OLDEST = 1
"""The oldest protocol that is still spoken."""

T = TypeVar("T")


class ProtocolError(Exception):
    """The other side sent what cannot be understood; the message is the reason with which the channel is closed."""


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="type", gc=False):
    """First message of a subscriber: the manifest it serves, and the sources it holds with their revisions."""

    protocol: int = PROTOCOL
    partition: str = ""
    manifest: Revision = NOTHING
    sources: Mapping[str, Revision] = {}


class Want(msgspec.Struct, frozen=True, tag="want", tag_field="type", gc=False):
    """The documents a subscriber lacks, and every source it needs from now on, each with the revision it holds
    (0.0: none). Replaces the Want before it."""

    documents: tuple[str, ...] = ()
    sources: Mapping[str, Revision] = {}


class Report(msgspec.Struct, frozen=True, tag="report", tag_field="type", gc=False):
    """The acknowledgement: what is served, by the subscriber's own word."""

    target: Revision = NOTHING
    """The newest manifest it was told of."""
    manifest: Revision = NOTHING
    """The manifest it serves."""
    applications: tuple[ManifestEntry, ...] = ()
    """What it serves, per application: of a refused one the older version, if it had one."""
    refused: Mapping[str, str] = {}
    """Application id → why its new version could not be taken."""
    missing: tuple[str, ...] = ()
    """Not empty: waiting. Hashes of documents and keys of sources it still lacks (the first `MISSING_SHOWN`)."""
    sources: Mapping[str, Revision] = {}
    """Source.key → revision served."""
    origin: str = "admin"


MISSING_SHOWN = 100


class Waiting(msgspec.Struct, frozen=True, tag="waiting", tag_field="type", gc=False):
    """Of a Report only `target` and `missing`."""

    target: Revision
    missing: tuple[str, ...] = ()


class Served(msgspec.Struct, frozen=True, tag="served", tag_field="type", gc=False):
    """Of a Report only the `sources` whose served revision changed."""

    sources: Mapping[str, Revision]


class Answer(msgspec.Struct, frozen=True, tag="answer", tag_field="type", gc=False):
    """To the Ask with this id; the body follows. `error` says why there is none."""

    id: int
    error: str = ""


class Series(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Requests of an application to an upstream that one endpoint was asked last, or none that is there: "". `classes`
    are those of status classes 1xx to 5xx, `latency` those in each bucket and above, `seconds` what all took."""

    application: str
    upstream: str
    endpoint: str
    classes: tuple[int, ...]
    latency: tuple[int, ...]
    seconds: float


class Traffic(msgspec.Struct, frozen=True, tag="traffic", tag_field="type", gc=False):
    """What the subscriber's workers answered in the last `seconds`; `bounds` are the buckets' upper ones. It replaces
    nothing: each is told once, and lost with its channel."""

    seconds: float
    bounds: tuple[float, ...]
    series: tuple[Series, ...]


class Finding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An endpoint that a gateway server passes over, why, and since when (Unix seconds by its clock): its checks for
    this upstream failed; or requests did, whichever upstream sent them there, and both ids are empty."""

    application: str
    upstream: str
    endpoint: str
    since: float
    reason: str


class Findings(msgspec.Struct, frozen=True, tag="findings", tag_field="type", gc=False):
    """What the subscriber found wrong with endpoints, whole: it replaces the one before. Who never says so (an older
    one) has no opinion."""

    endpoints: tuple[Finding, ...] = ()


class Leaving(msgspec.Struct, frozen=True, tag="leaving", tag_field="type", gc=False):
    """The subscriber ends: it takes nothing new, finishes what it has, and closes the channel then. The body is what it
    would answer to "metrics"; the message may come again with a newer one."""


class Welcome(msgspec.Struct, frozen=True, tag="welcome", tag_field="type", gc=False):
    """First message of a hub: the protocol both sides speak."""

    protocol: int = PROTOCOL


class Offer(msgspec.Struct, frozen=True, tag="offer", tag_field="type", gc=False):
    """The newest manifest, with the keys of all sources its documents name. `fallback`: see Content."""

    manifest: Manifest
    sources: tuple[str, ...] = ()
    fallback: tuple[ManifestEntry, ...] = ()
    origin: Origin = "admin"


class Current(msgspec.Struct, frozen=True, tag="current", tag_field="type", gc=False):
    """The manifest with this revision, which you have been offered or serve, is the newest."""

    revision: Revision
    origin: Origin = "admin"


class Document(msgspec.Struct, frozen=True, tag="document", tag_field="type", gc=False):
    """A document; its bytes follow."""

    hash: str


class SourceUpdate(msgspec.Struct, frozen=True, tag="source", tag_field="type", gc=False):
    """The endpoints of a source."""

    state: SourceState


class Health(msgspec.Struct, frozen=True, tag="health", tag_field="type", gc=False):
    """Which addresses (host, port) of an application's upstream its checks found unhealthy; those not named are not,
    nor are those of upstreams that nothing was said of. Replaces the one before for that upstream."""

    application: str
    upstream: str
    unhealthy: tuple[tuple[str, int], ...] = ()


class Ask(msgspec.Struct, frozen=True, tag="ask", tag_field="type", gc=False):
    """A question that the subscriber's owner answers: `what` is "metrics" or "snapshot" for a worker."""

    id: int
    what: str


Up: TypeAlias = Hello | Want | Report | Waiting | Served | Answer | Findings | Traffic | Leaving
Down: TypeAlias = Welcome | Offer | Current | Document | SourceUpdate | Health | Ask


class _Kind(msgspec.Struct, frozen=True):
    type: str


_encoder = msgspec.json.Encoder()
_kind = msgspec.json.Decoder(_Kind)


def encode(message: Up | Down, body: bytes | None = None) -> bytes:
    """The message's frame."""
    head = _encoder.encode(message)
    return head if body is None else b"%b\n%b" % (head, body)


class Reader(Generic[T]):
    """Reads the messages of one direction."""

    def __init__(self, messages: object, tags: frozenset[str]) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(messages)
        self._tags = tags

    def read(self, frame: bytes) -> tuple[T | None, bytes]:
        """The message and its body; None when its type is not known here. Raises ProtocolError."""
        end = frame.find(b"\n")
        head, body = (frame, b"") if end < 0 else (frame[:end], frame[end + 1 :])
        try:
            return self._decoder.decode(head), body
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._ignore_or_raise(head, error)
            return None, body

    def _ignore_or_raise(self, head: bytes, error: Exception) -> None:
        try:
            kind = _kind.decode(head).type
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ProtocolError(f"expected a JSON object with a type, got {len(head)} other bytes") from None
        if kind in self._tags:
            raise ProtocolError(f"a {kind} message cannot be read: {error}")


up: Reader[Up] = Reader(
    Up, frozenset({"hello", "want", "report", "waiting", "served", "answer", "findings", "traffic", "leaving"})
)
down: Reader[Down] = Reader(Down, frozenset({"welcome", "offer", "current", "document", "source", "health", "ask"}))
