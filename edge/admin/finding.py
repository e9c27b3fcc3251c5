"""Finding rows as callers name them, and pages of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.admin.errors import Conflict, Invalid, NotFound
from edge.admin.service import checked_limit, numeric_cursor, page_of
from edge.admin.views import Page
from edge.store.tables import Numbered

Row = TypeVar("Row", bound=Numbered)
V = TypeVar("V")

_NEWEST = 2**62


def find(session: Session, table: type[Row], id: str, noun: str) -> Row:
    """The row with this id; raises NotFound."""
    columns: Any = table
    row: Row | None = session.scalar(select(table).where(columns.id == id))
    if row is None:
        raise NotFound(f"there is no {noun} {shown(id)}")
    return row


def referred(session: Session, table: type[Row], id: str, noun: str, field: str) -> Row:
    """The row that a body's field refers to; raises Invalid when there is none."""
    try:
        return find(session, table, id, noun)
    except NotFound as error:
        raise Invalid(error.message, field) from None


def free_name(session: Session, table: type[Row], name: str, noun: str, but: str | None = None) -> None:
    """Raise Conflict when another row than `but` has this name, Invalid when nobody could see it."""
    if not name.strip():
        raise Invalid(f"expected a name for the {noun}, but got only spaces", "name")
    columns: Any = table
    found = session.scalar(select(columns.id).where(columns.name == name))
    if found is not None and found != but:
        raise Conflict(f'another {noun} is named "{name}"', "name")


def select_page(session: Session, table: type[Row], limit: int, after: str | None, view: Callable[[Row], V]) -> Page[V]:
    """A page of all rows, oldest first."""
    checked_limit(limit)
    query = select(table).where(table.seq > numeric_cursor(after)).order_by(table.seq).limit(limit + 1)
    return page_of(session.scalars(query).all(), limit, view, lambda row: row.seq)


def select_newest(
    session: Session, table: type[Row], limit: int, after: str | None, view: Callable[[Row], V], *where: Any
) -> Page[V]:
    """A page of the rows for which `where` holds, newest first."""
    checked_limit(limit)
    query = select(table).where(table.seq < numeric_cursor(after, _NEWEST), *where)
    rows = session.scalars(query.order_by(table.seq.desc()).limit(limit + 1)).all()
    return page_of(rows, limit, view, lambda row: row.seq)


def named(noun: str, names: Iterable[str]) -> list[str]:
    """Things in the way, at most five by name: ['application "shop"']."""
    names = list(names)
    more = [f"{len(names) - 5} more"] if len(names) > 5 else []
    return [f'{noun} "{name}"' for name in names[:5]] + more


def shown(id: str) -> str:
    """A caller's id as an error repeats it: short and printable."""
    return repr(id[:40])
