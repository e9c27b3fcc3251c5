"""Lists that are longer than a page: one page with a link to the next, all of it, or what a form offers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

from edge.admin.actor import Actor
from edge.admin.console.visit import Visit
from edge.admin.service import MOST, numeric_cursor
from edge.admin.views import Page

V = TypeVar("V")

Fetch = Callable[[int, str | None], Awaitable[Page[V]]]
"""Answers the page of at most so many after a cursor."""


async def asked(visit: Visit, fetch: Fetch[V]) -> Page[V]:
    """The page that the address asks for: `?after=CURSOR`, and `?limit=` to have a shorter one."""
    query = visit.request.query_params
    return await fetch(numeric_cursor(query.get("limit"), MOST), query.get("after"))


async def everything(fetch: Fetch[V]) -> list[V]:
    """Every item, page by page."""
    found: list[V] = []
    after: str | None = None
    while True:
        page = await fetch(MOST, after)
        found += page.items
        after = page.next
        if after is None:
            return found


class Listed(Protocol[V]):
    """A service whose things a form lets choose."""

    async def list(self, actor: Actor, limit: int, after: str | None) -> Page[V]: ...
    async def get(self, actor: Actor, id: str) -> V: ...


async def offered(visit: Visit, service: Listed[V], chosen: Iterable[str], limit: int = MOST) -> list[V]:
    """What a form offers: the first of a service's things, and those that are chosen already, so that saving the form
    takes none of these away."""
    page = await service.list(visit.actor, limit, None)
    known = {_id(one): None for one in page.items}
    return [*page.items, *[await service.get(visit.actor, id) for id in chosen if id not in known]]


def _id(view: object) -> str:
    id: str = view.id  # type: ignore[attr-defined]  # every view of a resource has one
    return id
