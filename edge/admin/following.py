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
    """Keeps the wanted set and tells `follow` when it changes; `dropped` hears of what is wanted no more."""

    def __init__(self, follow: Callable[[Iterable[Source]], None], dropped: Callable[[Sequence[Source]], None]) -> None:
        self._follow = follow
        self._dropped = dropped
        self._drafts: dict[str, dict[str, tuple[Source, ...]]] = {}
        self._released: dict[str, tuple[Source, ...]] = {}
        self._served: dict[str, tuple[str, ...]] = {}
        self._clusters: dict[str, None] = {}
        self._wanted: dict[str, Source] = {}
        self._upstreams: dict[str, list[str]] = {}

    def __repr__(self) -> str:
        return f"<Following {len(self._wanted)} sources>"

    @property
    def wanted(self) -> Mapping[str, Source]:
        """The followed sources by key."""
        return self._wanted

    def upstreams_of(self, key: str) -> list[str]:
        """The ids of the upstreams, of drafts, that name a source."""
        return self._upstreams.get(key, [])

    def start(
        self, clusters: Iterable[str], drafts: Iterable[ApplicationDocument], bodies: Mapping[str, bytes]
    ) -> None:
        """Begin with everything that the database holds."""
        self._clusters = dict.fromkeys(clusters)
        for draft in drafts:
            self._note(draft)
        self.released(bodies)

    def cluster_added(self, id: str) -> None:
        self._clusters[id] = None
        self._update()

    def cluster_removed(self, id: str) -> None:
        self._clusters.pop(id, None)
        self._update()

    def draft(self, draft: ApplicationDocument) -> None:
        """An application's draft is now this."""
        self._note(draft)
        self._update()

    def deleted(self, application: str) -> None:
        """An application is gone."""
        self._drafts.pop(application, None)
        self._update()

    def released(self, bodies: Mapping[str, bytes]) -> None:
        """The documents in service are now these, by hash."""
        known = self._released
        self._released = {
            hash: known[hash] if hash in known else documents.decode(body).sources() for hash, body in bodies.items()
        }
        self._update()

    def served(self, server: str, keys: Iterable[str]) -> None:
        """A gateway server says that it serves the sources with these keys."""
        ordered = tuple(sorted(keys))
        if self._served.get(server, ()) != ordered:
            self._served[server] = ordered
            self._update()

    def gone(self, server: str) -> None:
        """A gateway server was deleted. (One that is merely offline still serves.)"""
        if self._served.pop(server, None):
            self._update()

    def _note(self, draft: ApplicationDocument) -> None:
        sources = {upstream.id: upstream.sources for upstream in draft.upstreams if upstream.sources}
        self._drafts[draft.id] = sources

    def _update(self) -> None:
        wanted: dict[str, Source] = {}
        upstreams: dict[str, list[str]] = {}
        for draft in self._drafts.values():
            for upstream, sources in draft.items():
                for source in sources:
                    wanted[source.key] = source
                    upstreams.setdefault(source.key, []).append(upstream)
        for released in self._released.values():
            wanted.update((source.key, source) for source in released)
        for keys in self._served.values():
            for key in keys:
                if key not in wanted and (parsed := parse_key(key)) is not None:
                    wanted[key] = parsed
        wanted = {key: source for key, source in wanted.items() if source.cluster in self._clusters}
        before, self._wanted, self._upstreams = self._wanted, wanted, upstreams
        if before.keys() != wanted.keys():
            self._follow(tuple(wanted.values()))
            self._dropped([source for key, source in before.items() if key not in wanted])
