"""Which sources are followed: those that a release in service, a gateway server's own word, or a draft names.

A draft counts, so that an operator sees the endpoints of an upstream before releasing it, and so that the first
release finds them there. What a server serves counts even when no release names it any more: until it has taken the
newer manifest, its requests go there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from edge.model import document as documents
from edge.model.document import ApplicationDocument
from edge.model.source import Source


def parse_key(key: str) -> Source | None:
    """The source of a `Source.key`; None for other text."""
    head, _, port = key.rpartition(":")
    parts = head.split("/")
    if len(parts) != 3 or not all(parts) or not port:
        return None
    cluster, namespace, service = parts
    return Source(cluster, namespace, service, int(port) if port.isascii() and port.isdigit() else port)


class Following:
    """Keeps the wanted set and tells `follow` when it changes; `dropped` hears of what is wanted no more.

    Every holder (a draft, a document in service, a server) holds sources, and a source is wanted while somebody holds
    it and its cluster is registered. A change costs what its holder holds, not what everybody does.
    """

    def __init__(self, follow: Callable[[Iterable[Source]], None], dropped: Callable[[Sequence[Source]], None]) -> None:
        self._follow = follow
        self._dropped = dropped
        self._held: dict[str, dict[str, Source]] = {}
        self._holders: dict[str, int] = {}
        self._clusters: dict[str, None] = {}
        self._wanted: dict[str, Source] = {}
        self._drafts: dict[str, dict[str, list[str]]] = {}
        self._upstreams: dict[str, dict[str, None]] = {}
        self._documents: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<Following {len(self._wanted)} sources>"

    @property
    def wanted(self) -> Mapping[str, Source]:
        """The followed sources by key."""
        return self._wanted

    def upstreams_of(self, key: str) -> list[str]:
        """The ids of the upstreams, of drafts, that name a source."""
        return list(self._upstreams.get(key, ()))

    def start(
        self, clusters: Iterable[str], drafts: Iterable[ApplicationDocument], bodies: Mapping[str, bytes]
    ) -> None:
        """Begin with everything that the database holds."""
        for draft in drafts:
            self._index(draft.id, draft)
            self._hold(f"draft {draft.id}", draft.sources())
        self.released(bodies)
        self._clusters = dict.fromkeys(clusters)
        self._want()

    def cluster_added(self, id: str) -> None:
        self._clusters[id] = None
        self._want()

    def cluster_removed(self, id: str) -> None:
        self._clusters.pop(id, None)
        self._want()

    def draft(self, draft: ApplicationDocument) -> None:
        """An application's draft is now this."""
        self._index(draft.id, draft)
        if self._hold(f"draft {draft.id}", draft.sources()):
            self._want()

    def deleted(self, application: str) -> None:
        """An application is gone."""
        self._index(application, None)
        if self._hold(f"draft {application}", ()):
            self._want()

    def released(self, bodies: Mapping[str, bytes]) -> None:
        """The documents in service are now these, by hash."""
        gone = [hash for hash in self._documents if hash not in bodies]
        new = [hash for hash in bodies if hash not in self._documents]
        changed = [self._hold(f"document {hash}", documents.decode(bodies[hash]).sources()) for hash in new]
        changed += [self._hold(f"document {hash}", ()) for hash in gone]
        self._documents = dict.fromkeys(bodies)
        if any(changed):
            self._want()

    def served(self, server: str, keys: Iterable[str]) -> None:
        """A gateway server says that it serves the sources with these keys."""
        if self._hold(f"server {server}", [source for key in sorted(keys) if (source := parse_key(key)) is not None]):
            self._want()

    def gone(self, server: str) -> None:
        """A gateway server was deleted. (One that is merely offline still serves.)"""
        if self._hold(f"server {server}", ()):
            self._want()

    def _hold(self, holder: str, sources: Iterable[Source]) -> bool:
        """Let `holder` hold exactly these; whether a source got its first holder or lost its last."""
        before = self._held.pop(holder, {})
        after = {source.key: source for source in sources}
        if after:
            self._held[holder] = after
        changed = False
        for key in after:
            if key not in before:
                self._holders[key] = self._holders.get(key, 0) + 1
                changed = changed or self._holders[key] == 1
        for key in before:
            if key not in after:
                self._holders[key] -= 1
                if self._holders[key] == 0:
                    del self._holders[key]
                    changed = True
        return changed

    def _index(self, application: str, draft: ApplicationDocument | None) -> None:
        for upstream, keys in self._drafts.pop(application, {}).items():
            for key in keys:
                users = self._upstreams.get(key, {})
                users.pop(upstream, None)
                if not users:
                    self._upstreams.pop(key, None)
        if draft is None:
            return
        named = {upstream.id: [source.key for source in upstream.sources] for upstream in draft.upstreams}
        self._drafts[application] = {upstream: keys for upstream, keys in named.items() if keys}
        for upstream, keys in named.items():
            for key in keys:
                self._upstreams.setdefault(key, {})[upstream] = None

    def _want(self) -> None:
        """Make the wanted set anew, and tell when it is another."""
        wanted: dict[str, Source] = {}
        for held in self._held.values():
            wanted.update(held)
        wanted = {key: source for key, source in wanted.items() if source.cluster in self._clusters}
        before, self._wanted = self._wanted, wanted
        if before.keys() != wanted.keys():
            self._follow(tuple(wanted.values()))
            self._dropped([source for key, source in before.items() if key not in wanted])
