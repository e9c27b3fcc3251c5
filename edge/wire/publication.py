"""What a hub publishes to a partition, with its bytes: encoded once, the same for every subscriber."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edge.model.manifest import Manifest, ManifestEntry
from edge.model.revision import Revision
from edge.wire.channel import FRAME_LIMIT
from edge.wire.content import Origin, sources_named
from edge.wire.messages import Current, Document, Offer, encode


class PublishedDocument:
    """A document's frame and the sources it names."""

    __slots__ = ("frame", "sources")

    def __init__(self, name: str, body: bytes) -> None:
        self.frame = encode(Document(name), body)
        self.sources = sources_named(body)


class Publication:
    """The newest manifest of a partition."""

    def __init__(
        self, manifest: Manifest, fallback: tuple[ManifestEntry, ...], origin: Origin, sources: Iterable[str]
    ) -> None:
        self.manifest = manifest
        self.fallback = fallback
        self.origin = origin
        self.name: tuple[str, Revision] = (manifest.partition, manifest.revision)
        self.offer = encode(Offer(manifest, tuple(sources), fallback, origin))
        self.current = encode(Current(manifest.revision, origin))

    def __repr__(self) -> str:
        return f"<Publication {self.manifest.revision} applications={len(self.manifest.applications)}>"

    @property
    def hashes(self) -> dict[str, None]:
        """Every document it names."""
        return dict.fromkeys((*self.manifest.hashes, *(entry.hash for entry in self.fallback)))

    def differs(self, manifest: Manifest, fallback: tuple[ManifestEntry, ...], origin: Origin) -> bool:
        """Whether this manifest is the same with another fallback or origin."""
        return self.manifest == manifest and (self.fallback != fallback or self.origin != origin)


def gathered(
    named: Iterable[str], given: Mapping[str, bytes], held: Mapping[str, PublishedDocument]
) -> dict[str, PublishedDocument]:
    """The named documents, of those held or given. ValueError when one is neither, or fits into no frame."""
    documents: dict[str, PublishedDocument] = {}
    for name in named:
        document = held.get(name)
        if document is None:
            body = given.get(name)
            if body is None:
                raise ValueError(f"the manifest names the document {name}, which was not given with it")
            document = PublishedDocument(name, body)
            if len(document.frame) > FRAME_LIMIT:
                raise ValueError(f"the document {name} has {len(body)} bytes; at most {FRAME_LIMIT} fit into a frame")
        documents[name] = document
    return documents
