"""What every resource of the Admin has in common: roles, units of work, pages, entity tags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec
from sqlalchemy.orm import Session

from edge.admin.actor import Actor
from edge.admin.errors import BadRequest, Stale
from edge.admin.views import Body, Page

if TYPE_CHECKING:
    from edge.admin.admin import Admin

T = TypeVar("T")
V = TypeVar("V")

LIMIT = 100
MOST = 1000

_encoder = msgspec.json.Encoder(order="deterministic")


class Service:
    """A resource. Methods check the actor's role, do their work as one unit in the store thread, and leave an audit
    line with every write. They raise `edge.admin.errors` and nothing else."""

    body: ClassVar[type[Body] | None] = None

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def _work(self, unit: Callable[[Session], T]) -> T:
        return await self._admin.work(unit)

    def _audit(self, session: Session, actor: Actor, action: str, target: str, detail: str = "") -> None:
        self._admin.audit.record(session, actor, action, target, detail)

    def etag(self, view: object) -> str:
        """The entity tag of what a caller may write of `view`, quoted as HTTP writes it (RFC 9110, 8.8.3). Where some
        of that is secret, `view.secrets` is the mark of it."""
        assert self.body is not None, f"{type(self).__name__} has nothing to replace"
        writable = [*(field.name for field in msgspec.structs.fields(self.body)), "secrets"]
        names = [name for name in writable if hasattr(view, name)]
        content = _encoder.encode({name: getattr(view, name) for name in names})
        return f'"{hashlib.sha256(content).hexdigest()[:32]}"'

    def match(self, view: object, if_match: str | None) -> None:
        """Raise Stale when `if_match` (an If-Match header, or None) does not name `view`'s entity tag."""
        if if_match is None or if_match.strip() == "*":
            return
        asked = [tag.strip() for tag in if_match.split(",")]
        if self.etag(view) not in [tag if tag.startswith('"') else f'"{tag}"' for tag in asked]:
            raise Stale("it was changed since you read it (If-Match does not match); read it again")


def mark(*kept: str | bytes) -> str:
    """Changes when a secret is written, and says nothing else of it: `kept` is what is stored of secrets, each with
    random bytes that nobody is shown (a salt, a nonce), so that no guess can be tried against it. Empty for none."""
    return hashlib.sha256(_encoder.encode(kept)).hexdigest()[:16] if kept else ""


def page_of(items: Sequence[T], limit: int, view: Callable[[T], V], cursor: Callable[[T], Any]) -> Page[V]:
    """A page of at most `limit` of `items`, which hold one more when there is a next page."""
    shown = items[:limit]
    return Page([view(item) for item in shown], str(cursor(shown[-1])) if len(items) > limit else None)


def checked_limit(limit: int) -> int:
    """`limit` when it is between 1 and 1000; raises BadRequest."""
    if not 1 <= limit <= MOST:
        raise BadRequest(f"limit is a number between 1 and {MOST}, not {limit}", "limit")
    return limit


def numeric_cursor(after: str | None, default: int = 0) -> int:
    """The number in a cursor of ours; raises BadRequest for any other text."""
    if after is None or after == "":
        return default
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise BadRequest("after is the value of `next` of an earlier page", "after")
    return int(after)


def page_of_tuple(items: Sequence[T], limit: int, after: str | None, view: Callable[[T], V]) -> Page[V]:
    """A page of a list that is held whole; the cursor is the place in it."""
    checked_limit(limit)
    start = numeric_cursor(after)
    shown = items[start : start + limit]
    following = str(start + limit) if len(items) > start + limit else None
    return Page([view(item) for item in shown], following)
