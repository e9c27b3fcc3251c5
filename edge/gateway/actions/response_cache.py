"""Answers kept in memory and given again (RFC 9111): a gate that looks, and a filter that stores.

A request's way: not for the cache (`bypass`) ▸ fresh answer there (`hit`) ▸ a stale one (it is asked whether it is
still the same: 304 makes it fresh again, an error is replaced by it where that is allowed; others are given it
meanwhile where that is allowed) ▸ somebody is fetching it (*waits* for that answer instead of fetching it, too) ▸
fetches it, and stores what may be stored (`freshness`).

Whoever waits is let go as soon as it is known that the answer cannot be stored, when its fetcher is over, or after
some patience (`collapsing`). A key whose last answer could not be stored is waited for by nobody.

An answer belongs to what the endpoint was asked: a path that a rule rewrote is part of the key, and Vary is about the
headers as rules have changed them. One to a client that a gate has asked who it is, before or behind this one, belongs
to that client alone, and is not stored.

Every answer says in Cache-Status (RFC 9211) what became of it here. The gate stands where its action does: gates
behind it are not asked about a hit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.gateway.caching import freshness, ranges
from edge.gateway.caching.collapsing import Fetches, Waiter
from edge.gateway.caching.store import Key, Slot, Stored
from edge.gateway.http.head import ResponseHead
from edge.model.actions import Cache
from edge.rules import templates
from edge.rules.decision import Answer
from edge.rules.request import Request

ERRORS = (500, 502, 503, 504)
"""What a stale answer may stand in for (RFC 5861 4)."""
_PRIVATE = (b"authorization", b"upgrade")
"""Requests with one of these pass by; those with Range do, too, where nothing fresh is stored: what is fetched for them
is a part."""
_KEPT_OUT = frozenset(
    b"connection keep-alive proxy-connection te trailer transfer-encoding upgrade content-length x-request-id "
    b"cache-status ratelimit ratelimit-policy proxy-authenticate proxy-authentication-info".split()
)
_OF_304 = frozenset((b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary", b"age"))
"""RFC 9110 15.4.5."""


class _Visit:
    """What the cache knows of one request. `status` is what Cache-Status will say; `key` is None when nothing of it is
    to be stored; `stale` may stand in for an error, and for a 304 if it was `asked` for by its own validator; others
    wait for what is fetched into `slot`."""

    __slots__ = ("asked", "key", "slot", "stale", "status", "ticket")

    def __init__(self, status: bytes, key: Key | None = None, stale: Stored | None = None) -> None:
        self.status = status
        self.key = key
        self.stale = stale
        self.asked = False
        self.slot: Slot | None = None
        self.ticket = -1


class ResponseCache:
    """Gate and filter."""

    def __init__(self, action: Cache) -> None:
        """Raises TemplateError, a ValueError."""
        self._ttl = action.ttl
        self._statuses = frozenset(action.statuses)
        self._override = action.override
        self._stale = action.stale_if_error
        self._updating = action.stale_while_revalidate
        self._largest = action.max_body
        self._key = templates.compile_template(action.key, templates.in_header) if action.key else None
        self._fetches = Fetches()

    # The gate

    def enter(self, passage: Passage) -> Verdict | Answer:
        request = passage.request
        header = request.header
        if passage.upstream is None:
            return PASS  # the rule itself answers
        said = freshness.directives(header(b"cache-control") or header(b"pragma"))
        if request.method not in ("GET", "HEAD"):
            self._visit(passage, _Visit(b"fwd=method", self._key_of(passage)), "bypass")
            return PASS
        # A body is in no key: what it made of the answer must not be given to others.
        # What an endpoint gives to a client that was asked who it is may be meant for no other.
        if "no-store" in said or passage.head.length != 0 or passage.identified or any(map(header, _PRIVATE)):
            self._visit(passage, _Visit(b"fwd=bypass"), "bypass")
            return PASS
        key, store, now = self._key_of(passage), passage.path.cache, passage.path.unix()
        found, slot = store.find(key, passage.sent_header), store.slot(key, passage.sent_header)
        if found is None:
            visit = _Visit(b"fwd=vary-miss" if store.knows(key) else b"fwd=uri-miss", key)
        else:
            left = found.fresh_until - now
            may = left > 0 or (slot in self._fetches and found.updating_until > now)
            if may and freshness.demands(said, now - found.born, left):
                return self._hit(passage, found, b"hit; ttl=%d" % left, "hit" if left > 0 else "stale")
            visit = _Visit(b"fwd=request" if left > 0 else b"fwd=stale", key, found)
        if "only-if-cached" in said:
            self._visit(passage, _Visit(visit.status), "miss")
            return Answer(504, b"only a stored answer was asked for\n", b"text/plain")
        if header(b"range") is not None:
            self._visit(passage, _Visit(b"fwd=bypass"), "bypass")
            return PASS
        if request.method == "GET" and slot in self._fetches and "no-cache" not in said:
            waiter = Waiter(self._fetches, passage.path.loop, partial(self._look_again, passage, visit))
            self._fetches.join(slot, waiter)
            return passage.hold(partial(self._leave, waiter))
        self._fetch(passage, visit, slot)
        return PASS

    def _fetch(self, passage: Passage, visit: _Visit, slot: Slot) -> None:
        self._visit(passage, visit, "miss")
        store = passage.path.cache
        visit.ticket = store.purges
        conditions = freshness.validators(visit.stale.fields) if visit.stale is not None else []
        if conditions:
            visit.asked = True
            passage.request_edits += [(b"if-none-match", None), (b"if-modified-since", None), *conditions]
        if visit.stale is not None and (visit.asked or visit.stale.stale_until):
            passage.stand_ins.append(partial(self._stand_in, passage, visit))
        if passage.request.method == "GET" and slot not in self._fetches and not store.is_uncacheable(slot[0]):
            visit.slot = slot
            self._fetches.begin(slot)
            passage.at_end(partial(self._wake, visit))

    def _wake(self, visit: _Visit) -> None:
        """Nobody needs to wait for this fetch any more."""
        slot, visit.slot = visit.slot, None
        if slot is not None:
            self._fetches.end(slot)

    def _leave(self, waiter: Waiter) -> None:
        """Its client has gone."""
        self._fetches.leave(waiter)
        waiter.done()

    def _look_again(self, passage: Passage, visit: _Visit, waiter: Waiter) -> None:
        """After waiting: give what is there now, else wait for who is fetching it now, else fetch."""
        assert visit.key is not None
        store = passage.path.cache
        found = store.find(visit.key, passage.sent_header)
        if found is not None and found.fresh_until > passage.path.unix():
            waiter.done()
            passage.refuse(self._hit(passage, found, visit.status + b"; collapsed", "hit"))
            return
        slot = store.slot(visit.key, passage.sent_header)
        if waiter.patient and slot in self._fetches:
            self._fetches.join(slot, waiter)
            return
        waiter.done()
        self._fetch(passage, visit, slot)
        passage.go_on()

    def _hit(self, passage: Passage, found: Stored, status: bytes, result: str) -> Answer:
        """The stored answer for this request: whole, or 304 when it has it already."""
        self._visit(passage, _Visit(status), result)
        age = b"%d" % max(0, passage.path.unix() - found.born)
        fields = (*(field for field in found.fields if field[0] != b"age"), (b"age", age))
        if found.status == 200 and freshness.matches(passage.request.header, fields):
            return Answer(304, fields=tuple(field for field in fields if field[0] in _OF_304))
        if found.status == 200 and passage.request.method == "GET":
            part = ranges.part(passage.request.header, fields, len(found.body))
            if part is not None:
                return _part(found.body, fields, *part)
        return Answer(found.status, found.body, fields=fields)

    def _visit(self, passage: Passage, visit: _Visit, result: str) -> None:
        passage.notes[self] = visit
        counted = passage.path.counters.cache
        counted[result] = counted.get(result, 0) + 1

    def _key_of(self, passage: Passage) -> Key:
        request = passage.request
        if self._key is None:
            authority = passage.head.host.decode("latin-1").lower()  # with its port: answers may repeat it
            text = f"{request.scheme}://{authority}{_target(request)}"
            if passage.target is not None:  # rules may rewrite it for some and not for others
                text = f"{text} {passage.target.decode('latin-1')}"
        else:
            text = self._key if isinstance(self._key, str) else self._key(request)
        return Key(passage.application, passage.upstream or "", text)

    # The filter

    def replace(self, passage: Passage, status: int) -> Answer | None:
        """What the cache has stands in before all filters."""
        return None

    def _stand_in(self, passage: Passage, visit: _Visit, status: int) -> Answer | None:
        """A 304 to our own question gives the stored answer, and a stale one may stand in for an error."""
        stale, visit.stale = visit.stale, None
        if stale is None:
            return None
        if status == 304 and visit.asked and passage.answered is not None:
            return self._revalidated(passage, visit, stale, passage.answered)
        if status in ERRORS and passage.path.unix() < stale.stale_until:
            self._wake(visit)
            return self._hit(passage, stale, visit.status + b"; fwd-status=%d" % status, "stale")
        return None

    def _revalidated(self, passage: Passage, visit: _Visit, stale: Stored, response: ResponseHead) -> Answer:
        assert visit.key is not None
        fields = freshness.refreshed(stale.fields, _kept(response))
        fresh = self._stored(passage, stale.status, fields, stale.body)
        if fresh is None:
            passage.path.cache.drop(visit.key)
            fresh = stale._replace(fields=fields)
        elif visit.ticket == passage.path.cache.purges:
            passage.path.cache.put(visit.key, freshness.vary_names(fields), passage.sent_header, fresh)
        answer = self._hit(passage, fresh, visit.status + b"; fwd-status=304", "revalidated")
        self._wake(visit)
        return answer

    def change(self, passage: Passage, response: ResponseHead) -> _Recorder | None:
        visit: _Visit | None = passage.notes.get(self)
        if visit is None:
            return None
        recorder = None
        if visit.key is not None and visit.status == b"fwd=method":
            if 200 <= response.status < 400 and passage.request.method not in ("OPTIONS", "TRACE"):
                passage.path.cache.drop(visit.key)  # RFC 9111 4.4
        elif visit.ticket >= 0 and passage.request.method == "GET":
            if response is passage.answered:
                recorder = self._record(passage, visit, response)
            else:  # a gate behind this one refused, or a page stands in for an error: that is this request's only
                self._wake(visit)
        response.fields = [*response.fields, (b"cache-status", b"Edge; " + visit.status)]
        return recorder

    def _record(self, passage: Passage, visit: _Visit, response: ResponseHead) -> _Recorder | None:
        assert visit.key is not None
        fields = tuple(_kept(response))
        if response.status == 304:  # the client's own question: it tells nothing of what others would be given
            return None
        if response.length > self._largest or self._stored(passage, response.status, fields, b"") is None:
            passage.path.cache.note_uncacheable(visit.key)
            self._wake(visit)
            return None
        status = response.status
        return _Recorder(self._largest, lambda body: self._keep(passage, visit, status, fields, body))

    def _keep(
        self, passage: Passage, visit: _Visit, status: int, fields: tuple[tuple[bytes, bytes], ...], body: bytes | None
    ) -> None:
        """The whole body is there, or None: it is too large."""
        store, key = passage.path.cache, visit.key
        assert key is not None
        stored = None if body is None else self._stored(passage, status, fields, body)
        if stored is None:
            store.note_uncacheable(key)
        elif visit.ticket == store.purges:
            store.put(key, freshness.vary_names(fields), passage.sent_header, stored)
        self._wake(visit)

    def _stored(
        self, passage: Passage, status: int, fields: tuple[tuple[bytes, bytes], ...], body: bytes
    ) -> Stored | None:
        """An answer as it is stored now, None when it must not be."""
        if passage.identified:
            return None
        ttl = self._ttl if status in self._statuses and self._ttl > 0 else None
        seconds = freshness.lifetime(status, fields, ttl, self._override)
        if seconds is None:
            return None
        now = passage.path.unix()
        own = ttl is not None and self._override
        age = 0.0 if own else freshness.initial_age(fields, now)
        if seconds <= age:
            return None
        born = now - age
        stale = freshness.stale_if_error(fields, self._stale)
        until = born + seconds
        request = passage.request
        url = (request.host, _target(request)) if self._key is None else ("", request.raw_path)
        updating = freshness.stale_while_revalidate(fields, self._updating)
        return Stored(
            status,
            fields,
            body,
            born,
            until,
            until + stale if stale else 0.0,
            url,
            until + updating if updating else 0.0,
        )


class _Recorder:
    """The transform that changes nothing and keeps a copy, up to a limit."""

    __slots__ = ("_done", "_left", "_parts")

    def __init__(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        self._left = limit
        self._done = done
        self._parts: list[bytes] | None = []

    def feed(self, data: bytes, ended: bool) -> bytes:
        parts = self._parts
        if parts is not None:
            self._left -= len(data)
            if self._left < 0:
                self._parts = None
                self._done(None)
            else:
                parts.append(data)
                if ended:
                    self._parts = None
                    self._done(b"".join(parts))
        return data


def _part(body: bytes, fields: tuple[tuple[bytes, bytes], ...], start: int, end: int) -> Answer:
    """A part of a stored answer, or that there is no such part (RFC 9110 15.3.7 and 15.5.17)."""
    if start == end:
        return Answer(416, fields=((b"content-range", b"bytes */%d" % len(body)),))
    which = (b"content-range", b"bytes %d-%d/%d" % (start, end - 1, len(body)))
    return Answer(206, body[start:end], fields=(*fields, which))


def _target(request: Request) -> str:
    return f"{request.raw_path}?{request.query_string}" if request.query_string else request.raw_path


def _kept(response: ResponseHead) -> list[tuple[bytes, bytes]]:
    """The fields to store: without those of one hop (RFC 9111 3.1)."""
    return [field for field in response.fields if field[0] not in _KEPT_OUT and field[0] not in response.named]
