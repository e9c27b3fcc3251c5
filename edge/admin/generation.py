"""Which life of the Admin this is: the first half of every revision that it gives out."""

from __future__ import annotations

from sqlalchemy.orm import Session

from edge import clock
from edge.store.tables import Setting


def next_generation(session: Session, above: int = 0) -> int:
    """The generation of this life of the Admin: above every earlier one, and at least the time, so that it rises even
    when the database was restored from an old backup. It is committed before anything is pushed."""
    row = session.get(Setting, "generation")
    stored = int(row.value) if row is not None else 0
    generation = max(stored + 1, above + 1, int(clock.unix()))
    session.merge(Setting(name="generation", value=str(generation).encode()))
    return generation
