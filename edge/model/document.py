"""The release document of an application: what one release makes every gateway of its partitions serve.

It is immutable and content-addressed: equal content is equal bytes is the same name. It holds no version, so that a
rollback to release n has n's hash.
"""

from __future__ import annotations

import hashlib

import msgspec

from edge.model.certificate import ClientCertificates
from edge.model.rule import Rule
from edge.model.source import Source
from edge.model.upstream import Upstream


class ApplicationDocument(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """An application as released. `domains` are lower case, exact or `*.suffix`; `default` makes it answer the hosts of
    its partitions that no application names; rules run in order. `certificates` are ids, which the manifest resolves.

    A field that only a newer Admin knows is refused, never ignored: an older gateway then keeps what it serves of this
    application and says why, while the others go on.
    """

    id: str
    name: str
    domains: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    default: bool = False
    upstreams: tuple[Upstream, ...] = ()
    rules: tuple[Rule, ...] = ()
    certificates: tuple[str, ...] = ()
    client_certificates: ClientCertificates | None = None

    def sources(self) -> tuple[Source, ...]:
        """Every source that its upstreams name, each once, in order of first mention."""
        return tuple(dict.fromkeys(source for upstream in self.upstreams for source in upstream.sources))


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(ApplicationDocument)


def encode(document: ApplicationDocument) -> bytes:
    """The document's canonical bytes."""
    return _encoder.encode(document)


def decode(body: bytes) -> ApplicationDocument:
    """Raises msgspec.ValidationError or msgspec.DecodeError when `body` is not a document."""
    return _decoder.decode(body)


def hash_of(body: bytes) -> str:
    """The name of a document: SHA-256 of its bytes, 64 hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()
