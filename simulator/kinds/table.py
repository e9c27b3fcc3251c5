"""The resource table: every row of ``simulator/kinds/``, found by path or by kind, in discovery's order."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.kinds import ROWS
from simulator.objects.resource import Resource


class Table:
    """Rows found by path or by kind. Never changed: ``extended`` makes a new table (custom resources)."""

    def __init__(self, rows: Iterable[Resource]) -> None:
        self.rows: tuple[Resource, ...] = tuple(rows)
        self._by_path = {(row.group, row.version, row.plural): row for row in self.rows}
        self._by_kind = {(row.api_version, row.kind): row for row in self.rows}

    def extended(self, rows: Iterable[Resource]) -> Table:
        return Table((*self.rows, *rows))

    def at(self, group: str, version: str, plural: str) -> Resource | None:
        return self._by_path.get((group, version, plural))

    def of(self, api_version: str, kind: str) -> Resource:
        """The row of a kind; ``KeyError`` when there is none."""
        return self._by_kind[(api_version, kind)]

    def find(self, api_version: str, kind: str) -> Resource | None:
        return self._by_kind.get((api_version, kind))

    def named(self, group: str, plural: str) -> Resource | None:
        return next((row for row in self.rows if row.group == group and row.plural == plural), None)

    def groups(self) -> dict[str, dict[str, list[Resource]]]:
        """Group → version → rows, in the table's order."""
        found: dict[str, dict[str, list[Resource]]] = {}
        for row in self.rows:
            found.setdefault(row.group, {}).setdefault(row.version, []).append(row)
        return found


RESOURCES = Table(ROWS)
