"""What a subscriber is given to serve, whole: a manifest, the documents it names, the sources those name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from edge.model.manifest import Manifest, ManifestEntry
from edge.model.source import Source, SourceState

Origin: TypeAlias = Literal["admin", "disk"]
"""Who said that this is what to serve: the Admin, or the last good snapshot on disk while the Admin is away."""


class Content(msgspec.Struct, frozen=True):
    """`documents` maps hash → canonical bytes, for every entry of the manifest and of `fallback`; `sources` maps
    Source.key → state, and has every source that those documents name (it may have more while versions change).

    `fallback` holds, for an application whose entry in the manifest is refused (or may yet be), the last entry that
    was not: the version that goes on being served. A subscription has already applied it before; receivers that
    keep their previous version need not look at it. Only disk and hub carry it, for workers started later.
    """

    manifest: Manifest
    documents: Mapping[str, bytes]
    sources: Mapping[str, SourceState]
    origin: Origin = "admin"
    fallback: tuple[ManifestEntry, ...] = ()


class _Upstream(msgspec.Struct, frozen=True):
    sources: tuple[Source, ...] = ()


class _Sources(msgspec.Struct, frozen=True):
    """Of a document only what names sources: a newer Admin's document with rules unknown here is still understood."""

    upstreams: tuple[_Upstream, ...] = ()


_decoder = msgspec.json.Decoder(_Sources)


def sources_named(body: bytes) -> tuple[str, ...]:
    """Keys of the sources that a document names, each once, in order; none when it cannot be read (whoever compiles
    it refuses it with the reason)."""
    try:
        document = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ()
    return tuple(dict.fromkeys(source.key for upstream in document.upstreams for source in upstream.sources))
