"""Stored answers of one worker, in memory, with a limit in bytes.

Words. A *place* is where answers to one key of one application are; it has a *variant* for each set of values that the
request fields named by Vary had. When there is too much, what was asked for least recently goes.

A *purge* takes out what it names; what is being fetched meanwhile is not stored afterwards: whoever began to fetch
before the last purge (`purges` counts them) finds its ticket void.

Cost: a look-up is two dictionary look-ups; a purge reads every answer's URL once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from edge.gateway.caching.freshness import Fields
from edge.model.manifest import Manifest

OVERHEAD = 600
"""Bytes that an answer costs beside its body, fields and key."""
VARIANTS = 64
"""Variants of one place."""
UNCACHEABLE = 10_000
"""Keys remembered as not worth waiting for."""

Header: TypeAlias = Callable[[bytes], str | None]


class Key(NamedTuple):
    """`application` and `upstream` are ids, `text` is what the rule says: answers of different upstreams are never
    taken for each other."""

    application: str
    upstream: str
    text: str


class Stored(NamedTuple):
    """An answer. `fresh_until` and `born` are Unix seconds: when it becomes stale, and when it was of age 0; until
    `stale_until` it may stand in for an error, until `updating_until` be given while it is fetched anew. `url` is the
    host and the target that it was fetched with; where a rule has a key of its own, an empty host and the path alone:
    others are given it, too."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    born: float
    fresh_until: float
    stale_until: float
    url: tuple[str, str]
    updating_until: float = 0.0


Values: TypeAlias = tuple[str | None, ...]
Slot: TypeAlias = tuple[Key, Values]
"""One answer's: what the request fields named by Vary had, when it was asked for."""


class _Place:
    __slots__ = ("names", "variants")

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.names = names
        self.variants: OrderedDict[Values, None] = OrderedDict()


class Store:
    """All answers of a worker."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._places: dict[Key, _Place] = {}
        self._answers: OrderedDict[Slot, Stored] = OrderedDict()
        self._uncacheable: OrderedDict[Key, None] = OrderedDict()
        self.purges = 0
        self._heard = 0

    def __repr__(self) -> str:
        return f"<Store answers={len(self._answers)} bytes={self._size}>"

    @property
    def size(self) -> int:
        """Bytes, about."""
        return self._size

    def find(self, key: Key, header: Header) -> Stored | None:
        """The answer for a request with these fields; it is the most recently used then."""
        slot = self.slot(key, header)
        found = self._answers.get(slot)
        if found is not None:
            self._answers.move_to_end(slot)
        return found

    def slot(self, key: Key, header: Header) -> Slot:
        """Where the answer for a request with these fields is, as far as is known what it depends on."""
        place = self._places.get(key)
        return key, () if place is None else tuple(map(header, place.names))

    def knows(self, key: Key) -> bool:
        """Whether there is any variant."""
        return key in self._places

    def put(self, key: Key, names: tuple[bytes, ...], header: Header, answer: Stored) -> bool:
        """Store an answer that depends on the request fields `names`; False when it is too large."""
        values = tuple(map(header, names))
        cost = _cost(key, values, answer)
        if cost > self._limit:
            return False
        place = self._places.get(key)
        if place is not None and place.names != names:  # RFC 9111 4.1: the newest answer says what it depends on
            self.drop(key)
            place = None
        if place is None:
            place = self._places[key] = _Place(names)
        slot = (key, values)
        if slot in self._answers:
            self._remove(slot)
            self._places[key] = place
        elif len(place.variants) >= VARIANTS:
            self._remove((key, next(iter(place.variants))))
        place.variants[values] = None
        self._answers[slot] = answer
        self._size += cost
        self._uncacheable.pop(key, None)
        while self._size > self._limit:
            self._remove(next(iter(self._answers)))
        return True

    def drop(self, key: Key) -> None:
        """Take all variants out."""
        place = self._places.get(key)
        for values in list(place.variants) if place is not None else ():
            self._remove((key, values))

    def purge(self, application: str, url: str | None = None, prefix: str | None = None) -> int:
        """Take out what was fetched with this URL, or one with this prefix: `http(s)://host/path?query`, or
        `/path?query` on any host. How many answers there were."""
        self.purges += 1
        named = _Named(url if url is not None else prefix or "/", whole=url is not None)
        found = [
            slot for slot, answer in self._answers.items() if slot[0].application == application and named.fits(answer)
        ]
        for slot in found:
            self._remove(slot)
        return len(found)

    def take_out(self, manifest: Manifest) -> None:
        """Do the manifest's purges that are new here."""
        if manifest.forgotten > self._heard:
            self.purges += 1
            for slot in list(self._answers):
                self._remove(slot)
        for entry in manifest.purges:
            if entry.number > self._heard:
                self.purge(entry.application, entry.url, entry.prefix)
                self._heard = entry.number
        self._heard = max(self._heard, manifest.forgotten)

    def is_uncacheable(self, key: Key) -> bool:
        """Whether the last answer for it could not be stored: nobody should wait for the next one."""
        return key in self._uncacheable

    def note_uncacheable(self, key: Key) -> None:
        self._uncacheable[key] = None
        self._uncacheable.move_to_end(key)
        if len(self._uncacheable) > UNCACHEABLE:
            self._uncacheable.popitem(last=False)

    def _remove(self, slot: Slot) -> None:
        key, values = slot
        answer = self._answers.pop(slot)
        self._size -= _cost(key, values, answer)
        place = self._places[key]
        del place.variants[values]
        if not place.variants:
            del self._places[key]


class _Named:
    def __init__(self, text: str, *, whole: bool) -> None:
        scheme, found, rest = text.partition("://")
        host, slash, target = (rest if found and scheme in ("http", "https") else text).partition("/")
        self._host = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        self._target = f"{slash or '/'}{target}"
        self._whole = whole

    def fits(self, answer: Stored) -> bool:
        host, target = answer.url
        if not host:
            path, query, _ = self._target.partition("?")
            return target == path if self._whole or query else target.startswith(path)
        if self._host and self._host.lower() != host:
            return False
        return target == self._target if self._whole else target.startswith(self._target)


def _cost(key: Key, values: Values, answer: Stored) -> int:
    fields: Fields = answer.fields
    named = sum(len(name) + len(value) + 100 for name, value in fields)
    texts = len(key.text) + len(answer.url[1]) + sum(len(value or "") for value in values)
    return OVERHEAD + len(answer.body) + named + texts
