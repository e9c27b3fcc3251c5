"""What RFC 9111 says about one answer: may it be stored, how long is it fresh, may it be given to this request. Pure.

Stricter than it has to be where a mistake would show one person's answer to another: nothing that is private, sets a
cookie or answers a request with Authorization is ever stored, whatever it says. No heuristics (4.2.2): an answer that
does not say how long it is fresh is fresh for as long as the rule says, else it is not stored. Times are Unix seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

Fields: TypeAlias = Sequence[tuple[bytes, bytes]]

CACHEABLE = frozenset((200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 451, 501))
"""Statuses whose answers are stored when there is a time for them; 206 and 304 are parts of something else."""
LONGEST = 31_536_000
"""Seconds: nothing is fresh for longer than a year."""

_directive = re.compile(r'([!#$%&\'*+.^_`|~0-9a-z-]+)(?:=(?:"([^"]*)"|([^\s,]*)))?').findall
_entity_tag = re.compile(r'(?:W/)?"[^"]*"').findall


def directives(value: str | None) -> dict[str, str]:
    """Cache-Control by lower-case name; of one that comes twice the first counts (4.2.1)."""
    found: dict[str, str] = {}
    for name, quoted, plain in _directive(value.lower()) if value else ():
        found.setdefault(name, quoted or plain)
    return found


def joined(fields: Fields, name: bytes) -> str | None:
    """A field's lines as one, or None."""
    lines = [value for key, value in fields if key == name]
    return b", ".join(lines).decode("latin-1") if lines else None


def seconds(text: str | None) -> int | None:
    """A number of seconds, at most LONGEST; None for what is none."""
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return min(int(text[:12]), LONGEST)


def date(text: str | None) -> float | None:
    """An HTTP date (RFC 9110 5.6.7), None for what is none."""
    if text is None:
        return None
    from email.utils import parsedate_to_datetime  # a worker that caches nothing does without

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def lifetime(status: int, fields: Fields, ttl: int | None, override: bool) -> int | None:
    """Seconds for which an answer is fresh, None when it must not be stored. `ttl` is the rule's, None: it has none
    for this status; with `override` it counts whatever the answer says."""
    said = directives(joined(fields, b"cache-control"))
    if status not in CACHEABLE or "no-store" in said or "private" in said:
        return None
    if any(name == b"set-cookie" for name, _ in fields) or joined(fields, b"vary") == "*":
        return None
    if ttl is not None and override:
        return ttl
    if "no-cache" in said:
        return None
    for name in ("s-maxage", "max-age"):
        if name in said:
            return seconds(said[name]) or None  # 4.2.1: a broken one is stale
    expires = joined(fields, b"expires")
    if expires is not None:
        until, now = date(expires), date(joined(fields, b"date"))
        return None if until is None or now is None or until <= now else min(int(until - now), LONGEST)
    return ttl or None


def initial_age(fields: Fields, now: float) -> float:
    """How old an answer is when it comes (4.2.3)."""
    sent = date(joined(fields, b"date"))
    apparent = 0.0 if sent is None else max(0.0, now - sent)
    return max(apparent if apparent < LONGEST else 0.0, seconds(joined(fields, b"age")) or 0)


def stale_if_error(fields: Fields, rule: int) -> int:
    """Seconds for which it may be given, once stale, in place of an error (RFC 5861 4); `rule` is the rule's."""
    said = directives(joined(fields, b"cache-control"))
    if said.keys() & {"must-revalidate", "proxy-revalidate", "s-maxage"}:  # 5.2.2.10: s-maxage means proxy-revalidate
        return 0
    return max(rule, seconds(said.get("stale-if-error")) or 0)


def stale_while_revalidate(fields: Fields, rule: int) -> int:
    """Seconds for which it may be given, once stale, while it is asked for anew (RFC 5861 3). What an answer says
    itself counts beside s-maxage, too: who writes both means that."""
    said = directives(joined(fields, b"cache-control"))
    if "must-revalidate" in said or "proxy-revalidate" in said:
        return 0
    own = seconds(said.get("stale-while-revalidate")) or 0
    return own if "s-maxage" in said else max(rule, own)


def vary_names(fields: Fields) -> tuple[bytes, ...]:
    """The request fields that an answer depends on, sorted."""
    said = joined(fields, b"vary") or ""
    return tuple(sorted({name.strip().lower().encode("latin-1") for name in said.split(",") if name.strip()}))


def validators(fields: Fields) -> list[tuple[bytes, bytes]]:
    """The request fields that ask whether an answer with these fields is still the same (4.3.1)."""
    asked = {b"etag": b"if-none-match", b"last-modified": b"if-modified-since"}
    return [(asked[name], value) for name, value in fields if name in asked]


def matches(header: Callable[[bytes], str | None], fields: Fields) -> bool:
    """Whether a request's own conditions say that it has this answer already (4.3.2; RFC 9110 13.2.2)."""
    wanted = header(b"if-none-match")
    if wanted is not None:
        etag = joined(fields, b"etag")
        if wanted.strip() == "*":
            return True
        return etag is not None and etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in _entity_tag(wanted)]
    since = date(header(b"if-modified-since"))
    modified = date(joined(fields, b"last-modified"))
    return since is not None and modified is not None and modified <= since


def refreshed(old: Fields, new: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of a stored answer after a 304 with `new` (3.2)."""
    kept = (b"content-length", b"content-encoding", b"content-type", b"content-range")
    latest: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for name, value in new:
        if name not in kept:
            latest.setdefault(name, []).append((name, value))
    unchanged = [field for field in old if field[0] not in latest and field[0] != b"age"]
    return (*unchanged, *(field for fields in latest.values() for field in fields))


def demands(said: Mapping[str, str], age: float, left: float) -> bool:
    """Whether a request with these directives takes an answer this old with so much time left (5.2.1)."""
    if "no-cache" in said:
        return False
    most, least = seconds(said.get("max-age")), seconds(said.get("min-fresh"))
    return (most is None or age <= most) and (least is None or left >= least)
