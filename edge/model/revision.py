"""Revisions order what is pushed: of two versions of one thing the newer replaces the older, never the reverse."""

from __future__ import annotations

import msgspec

_NUMBERS_PER_GENERATION = 2**20


class Revision(msgspec.Struct, frozen=True, order=True, gc=False):
    """(generation, number). A generation is one life of an Admin, at least its start in Unix seconds; `number` counts
    changes within it. Ordered by generation first."""

    generation: int
    number: int

    def __int__(self) -> int:
        """One increasing integer for people and JavaScript: below 2**53 until 2242."""
        return self.generation * _NUMBERS_PER_GENERATION + self.number

    def __repr__(self) -> str:
        return f"{self.generation}.{self.number}"


NOTHING = Revision(0, 0)
"""Older than every revision that is ever pushed."""
