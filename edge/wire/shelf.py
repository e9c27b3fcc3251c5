"""What a subscriber holds, and when it may serve it: warming, decided without I/O.

Words: the *served* manifest was swapped in last. The *target* is a newer one that is still being gathered. An
application's *older* entry is what it served before the served manifest changed it: kept until the receiver has
taken the new one (`settle`), and for as long as it is refused or cold. An application is *cold* while a source that its
entry names has never been heard of, such as one of a cluster that cannot be reached; else it is warm.

Rules:
1. A manifest replaces another only if it is newer, or of another partition (whose revisions do not compare).
2. A source's state replaces another only if its revision is newer.
3. A target is swapped in only when every document it names is here and every source those name is here; a source
   without endpoints is here, a source never heard of is not. But nobody waits for another's sources: when all
   documents are here and an application that is warm would change, the target is swapped in, and what is cold goes on
   with its older entry (it is served in no version if it has none) until its sources are here.
4. What neither the served manifest, nor an older entry, nor the target names is dropped.
5. A document is kept only if its bytes have the hash that names it.

Cost: a source costs two dictionary look-ups; a manifest costs its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

from edge.model.document import hash_of
from edge.model.manifest import EMPTY, Manifest, ManifestEntry
from edge.model.revision import NOTHING, Revision
from edge.model.source import SourceState
from edge.wire.content import Content, Origin, sources_named
from edge.wire.messages import Offer, ProtocolError

_FEW = 16

Taken: TypeAlias = Literal["ignored", "confirmed", "taken"]


def replaces(new: Manifest, old: Manifest) -> bool:
    """Rule 1."""
    return new.revision > old.revision or (new.partition != old.partition and old is not EMPTY)


class Shelf:
    """Documents, sources and manifests of one subscriber."""

    def __init__(self, content: Content | None = None) -> None:
        self.served: Manifest = EMPTY
        self.origin: Origin = "admin"
        self.target: Offer | None = None
        self.refused: Mapping[str, str] = {}
        self.settled = True
        self.documents: dict[str, bytes] = {}
        self.sources: dict[str, SourceState] = {}
        self._older: dict[str, ManifestEntry] = {}
        self._named: dict[str, tuple[str, ...]] = {}  # hash → keys of the sources it names
        self._lacking: dict[str, None] = {}  # hashes
        self._unheard: dict[str, None] = {}  # keys of sources
        self.unasked = False
        """Whether a document named a source that the offer did not, and that was not asked for yet."""
        self._serving: dict[str, None] = {}  # keys that the served documents name
        self._needed: dict[str, None] = {}  # those and the target's
        if content is not None:
            self._restore(content)

    def __repr__(self) -> str:
        target = "" if self.target is None else f" target={self.target.manifest.revision}"
        return f"<Shelf served={self.served.revision}{target} missing={len(self.missing)} older={len(self._older)}>"

    def _restore(self, content: Content) -> None:
        self.documents = dict(content.documents)
        self._named = {name: sources_named(body) for name, body in self.documents.items()}
        self.sources = dict(content.sources)
        self.served, self.origin = content.manifest, content.origin
        self._older = {entry.application: entry for entry in content.fallback}
        self.settled = False
        self._prune()

    # what is said about it

    @property
    def newest(self) -> Manifest:
        """The newest manifest heard of."""
        return self.served if self.target is None else self.target.manifest

    @property
    def missing(self) -> tuple[str, ...]:
        """Hashes and source keys that the target still lacks."""
        return (*self._lacking, *self._unheard)

    @property
    def complete(self) -> bool:
        """Whether there is a target that may be swapped in (rule 3)."""
        return self.target is not None and not self._lacking and (not self._unheard or self._changes_what_is_warm())

    def _changes_what_is_warm(self) -> bool:
        assert self.target is not None
        new = self.target.manifest
        cold = self._cold(new)
        served = {entry.application: entry for entry in self.applications()}
        named = {entry.application: entry for entry in new.applications}
        if new.certificates != self.served.certificates or any(name not in named for name in served):
            return True
        return any(name not in cold and served.get(name) != entry for name, entry in named.items())

    def _cold(self, manifest: Manifest) -> dict[str, None]:
        """The applications of a manifest that are cold."""
        named, sources = self._named, self.sources
        return {
            entry.application: None
            for entry in manifest.applications
            if not all(key in sources for key in named.get(entry.hash, ()))
        }

    @property
    def few_missing(self) -> bool:
        """Whether so little is missing that each arrival is worth a report."""
        return len(self._lacking) + len(self._unheard) <= _FEW

    def awaits(self, key: str) -> bool:
        """Whether an application of what is served is cold for want of this source."""
        return key in self._serving and key not in self.sources

    def serves(self, key: str) -> bool:
        """Whether what is served names this source."""
        return key in self._serving

    def lacking(self) -> tuple[str, ...]:
        """Hashes of the documents that the target still lacks."""
        return tuple(self._lacking)

    def wanted(self) -> dict[str, Revision]:
        """Every source needed, with the revision held."""
        return {key: self._revision(key) for key in self._needed}

    def serving(self) -> dict[str, Revision]:
        """Every source served, with its revision."""
        return {key: self._revision(key) for key in self._serving}

    def _revision(self, key: str) -> Revision:
        state = self.sources.get(key)
        return NOTHING if state is None else state.revision

    def applications(self) -> tuple[ManifestEntry, ...]:
        """What is served per application: of one that is refused or cold its older entry, if it has one."""
        kept = {**self.refused, **self._cold(self.served)}
        entries = (
            self._older.get(entry.application) if entry.application in kept else entry
            for entry in self.served.applications
        )
        return tuple(entry for entry in entries if entry is not None)

    def content(self) -> Content:
        """What is served, whole; with the older entries as fallback."""
        fallback = tuple(self._older.values())
        hashes = [*self.served.hashes, *(entry.hash for entry in fallback)]
        return Content(
            manifest=self.served,
            documents={name: self.documents[name] for name in hashes},
            sources={key: self.sources[key] for key in self._serving if key in self.sources},
            origin=self.origin,
            fallback=fallback,
        )

    # what arrives

    def offer(self, offer: Offer) -> Taken:
        """A manifest was offered."""
        if replaces(offer.manifest, self.newest):
            self._aim(offer)
            return "taken"
        if offer.manifest.revision != self.newest.revision or offer.manifest.partition != self.newest.partition:
            return "ignored"
        if self.target is not None:
            self._aim(offer)
            return "taken"
        return "confirmed" if self.confirm(offer.manifest.revision, offer.origin) else "ignored"

    def confirm(self, revision: Revision, origin: Origin) -> bool:
        """The manifest with this revision is still the newest; True when that changes the origin of what is served."""
        if self.target is not None or revision != self.served.revision or origin == self.origin:
            return False
        self.origin = origin
        return True

    def take_document(self, name: str, body: bytes) -> bool:
        """A document came; False when nothing lacks it. Raises ProtocolError when its bytes are not those named."""
        if name not in self._lacking:
            return False
        if (found := hash_of(body)) != name:
            raise ProtocolError(f"expected the document {name}, got {len(body)} bytes with the hash {found}")
        self.documents[name] = body
        self._named[name] = sources_named(body)
        del self._lacking[name]
        self.unasked |= self._need(self._named[name])
        return True

    def take_source(self, state: SourceState) -> bool:
        """The state of a source came; False when it is not newer (rule 2) or not needed."""
        key = state.source.key
        held = self.sources.get(key)
        if (held is not None and held.revision >= state.revision) or key not in self._needed:
            return False
        if held is None and key in self._serving:
            self.settled = False
        self.sources[key] = state
        self._unheard.pop(key, None)
        return True

    # what is done with it

    def groundwork(self) -> Content | None:
        """What to apply before the target: the same with the offered fallback in place of entries that may be
        refused, for applications of which nothing is served yet. None: nothing to do first."""
        assert self.target is not None
        held = {entry.application for entry in self.applications()}
        return _with_fallback(self.target, held, self.documents, self.sources)

    def swap(self) -> Content:
        """Serve the target (rule 3 holds): what the receiver is to apply. `settle` must follow, now or later."""
        offer = self.target
        assert offer is not None
        assert self.complete, self
        before = {entry.application: entry for entry in self.applications()} | self._older
        for entry in offer.fallback:
            before.setdefault(entry.application, entry)
        self._older = {
            entry.application: before[entry.application]
            for entry in offer.manifest.applications
            if entry.application in before and before[entry.application].hash != entry.hash
        }
        self.served, self.origin, self.target = offer.manifest, offer.origin, None
        self.settled = False
        self.refused = {}
        self._prune()
        return self.content()

    def settle(self, refused: Mapping[str, str]) -> None:
        """The receiver took what is served except these applications, which go on with their older entry. Those that
        are cold are missed, not refused."""
        cold = self._cold(self.served)
        named = {entry.application: None for entry in self.served.applications if entry.application not in cold}
        self.refused = {application: reason for application, reason in refused.items() if application in named}
        self._older = {key: entry for key, entry in self._older.items() if key in self.refused or key in cold}
        self.settled = True
        self._prune()

    def lighten(self) -> None:
        """Forget the bytes of the documents whose applications were taken, and remember that they were held: the
        receiver made of them what it needs, and an entry of the same hash is no work for it."""
        for entry in self.applications():
            self.documents[entry.hash] = b""

    # keeping house

    def _aim(self, offer: Offer) -> None:
        self.target = offer
        self._prune()
        self._lacking = {name: None for name in self._target_hashes() if name not in self.documents}
        self._unheard = {}
        self._need((*offer.sources, *_keys(self._named, self._target_hashes())))
        self.unasked = False

    def _target_hashes(self) -> dict[str, None]:
        if self.target is None:
            return {}
        return dict.fromkeys((*self.target.manifest.hashes, *(e.hash for e in self.target.fallback)))

    def _need(self, keys: Iterable[str]) -> bool:
        """Need these sources; True when that is new of one."""
        known = len(self._needed)
        for key in keys:
            self._needed[key] = None
            if key not in self.sources:
                self._unheard[key] = None
        return len(self._needed) > known

    def _prune(self) -> None:
        """Rule 4; the names are those of the manifests, so that equal ones are kept once."""
        served = dict.fromkeys((*self.served.hashes, *(e.hash for e in self._older.values())))
        kept = served | self._target_hashes()
        self.documents = {name: self.documents[name] for name in kept if name in self.documents}
        self._named = {name: self._named[name] for name in kept if name in self._named}
        self._serving = _keys(self._named, served)
        self._needed = self._serving | _keys(self._named, kept)
        if self.target is not None:
            self._needed |= dict.fromkeys(self.target.sources)
        else:
            self._unheard = {key: None for key in self._serving if key not in self.sources}
        self.sources = {key: state for key, state in self.sources.items() if key in self._needed}


def first_content(content: Content) -> Content | None:
    """What a receiver that serves nothing yet applies before `content`, when that has a fallback."""
    offer = Offer(content.manifest, (), content.fallback, content.origin)
    return _with_fallback(offer, set(), content.documents, content.sources)


def _with_fallback(
    offer: Offer, held: set[str], documents: Mapping[str, bytes], sources: Mapping[str, SourceState]
) -> Content | None:
    older = {e.application: e for e in offer.fallback if e.application not in held}
    entries = tuple(older.get(e.application, e) for e in offer.manifest.applications)
    if entries == offer.manifest.applications:
        return None
    manifest = msgspec.structs.replace(offer.manifest, applications=entries)
    return Content(manifest, {name: documents[name] for name in manifest.hashes}, dict(sources), offer.origin)


def _keys(named: Mapping[str, tuple[str, ...]], hashes: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(key for name in hashes for key in named.get(name, ()))
