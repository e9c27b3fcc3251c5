"""Finding the rules that may match without asking each: by host, then method, then path.

A rule is *bound* to *keys* by its first condition that is `host equals`, `method equals`, `path equals` or
`path prefix`, neither negated nor (except for hosts) without case; a rule without such a condition is *free*. For every
key there is a plan of its own (`edge.rules.plan`) with the rules that may still match when the request has that key, in
their order, and what the key tells already is not asked again. So the order, and with it the meaning, is exactly that
of asking one rule after the other; `tests/rules/test_compile.py` holds the two against each other.

Paths: a key of `equals` is looked up whole, and all conditions on the path are answered when the index is built. Of the
keys of `prefix` only the longest one that the path begins with is looked up; all others that it begins with are
prefixes of that one, so its plan knows them.

Cost. A request pays one look-up for host and one for method where rules are bound to them, and for the path one for
each different length among the prefixes, plus the tests of its plan. Free rules are in every plan, which costs keys ×
free rules in memory; a level that would go beyond BUDGET is left out, and its conditions are asked one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from edge.model.rule import Operator
from edge.rules import variables
from edge.rules.actions import Effect
from edge.rules.conditions import Check
from edge.rules.finders import ByHost, ByMethod, ByPath, Finder, InOrder
from edge.rules.plan import Candidate, Known, Plan, compile_plan

BUDGET = 100_000
"""Rules in all plans of an application together."""


class Row(NamedTuple):
    """A rule: its place in the order, what is left to be asked, and what it does."""

    place: int
    rule: str
    checks: tuple[Check, ...]
    effects: tuple[Effect, ...]
    terminal: bool


Level: TypeAlias = Literal["host", "method", "path"]
Rows: TypeAlias = Sequence[Row]
Keyed: TypeAlias = dict[str, list[Row]]


class Budget:
    """How many rules may still be put into plans, and what these share."""

    def __init__(self, rows: int = BUDGET) -> None:
        self.left = rows
        self.known = Known()

    def allows(self, lists: Iterable[int]) -> bool:
        """Take the sum of these lengths; nothing is taken when it is too much."""
        left = self.left
        for length in lists:
            left -= length + 1
            if left < 0:
                return False
        self.left = left
        return True


def compile_index(rows: Rows, budget: Budget | None = None) -> Finder:
    """Decides by these rules, which are in order."""
    return _by_value("host", rows, budget or Budget())


def _by_value(level: Literal["host", "method"], rows: Rows, budget: Budget) -> Finder:
    keyed, free = _bind(rows, level, "equals")
    if not keyed or not budget.allows(len(own) + len(free) for own in keyed.values()):
        return _below(level, rows, budget)
    default = _below(level, free, budget)
    table = {key: _below(level, _knowing(level, key, (*own, *free)), budget) for key, own in keyed.items()}
    return ByHost(table, default) if level == "host" else ByMethod(table, default)


def _below(level: Level, rows: Rows, budget: Budget) -> Finder:
    return _by_value("method", rows, budget) if level == "host" else _by_path(rows, budget)


def _by_path(rows: Rows, budget: Budget) -> Finder:
    exact, unequal = _bind(rows, "path", "equals")
    prefixed, free = _bind(unequal, "path", "prefix")
    lengths = sorted({len(key) for key in prefixed}, reverse=True)

    def begun(path: str) -> list[Row]:
        return [row for length in lengths if length <= len(path) for row in prefixed.get(path[:length], ())]

    wanted = {key: len(begun(key)) + len(free) for key in (*exact, *prefixed)}
    if not wanted or not budget.allows((*wanted.values(), *map(len, exact.values()))):
        return InOrder(_plan(rows, budget))
    whole = {key: _plan(_knowing("path", key, (*own, *begun(key), *free)), budget) for key, own in exact.items()}
    prefixes = {key: _plan(_begun_with(key, (*begun(key), *free)), budget) for key in prefixed}
    default = _plan(free, budget)

    return ByPath(whole, prefixes, tuple(lengths), default)


def _bind(rows: Rows, level: Level, operator: Operator) -> tuple[Keyed, list[Row]]:
    """The rows bound to each key, and the free ones."""
    keyed: Keyed = {}
    free: list[Row] = []
    for row in rows:
        check = _binding(row, level, operator)
        if check is None:
            free.append(row)
            continue
        lower = level in variables.WITHOUT_CASE
        for key in dict.fromkeys(value.lower() if lower else value for value in check.condition.values):
            keyed.setdefault(key, []).append(row)
    return keyed, free


def _binding(row: Row, level: Level, operator: Operator) -> Check | None:
    any_case = level in variables.WITHOUT_CASE
    for check in row.checks:
        condition = check.condition
        if condition.variable != level or condition.operator != operator or condition.negate:
            continue
        if any_case or not condition.ignore_case:
            return check
    return None


def _knowing(level: Level, value: str, rows: Iterable[Row]) -> list[Row]:
    """The rows that may match when the variable has this value, with its conditions answered, in order."""
    result = []
    for row in _ordered(rows):
        about = [check for check in row.checks if check.condition.variable == level and check.known is not None]
        if all(check.known(value) for check in about if check.known is not None):
            result.append(row._replace(checks=tuple(check for check in row.checks if check not in about)))
    return _reachable(result)


def _reachable(rows: list[Row]) -> list[Row]:
    """Without those behind a row that always matches and ends the request."""
    for place, row in enumerate(rows, 1):
        if row.terminal and not row.checks:
            return rows[:place]
    return rows


def _begun_with(prefix: str, rows: Iterable[Row]) -> list[Row]:
    """The rows with those conditions on the path answered that hold for every path with this beginning, in order."""
    result = []
    for row in _ordered(rows):
        check = _binding(row, "path", "prefix")
        known = check is not None and prefix.startswith(check.condition.values)
        result.append(row._replace(checks=tuple(c for c in row.checks if c is not check)) if known else row)
    return result


def _ordered(rows: Iterable[Row]) -> list[Row]:
    return sorted({row.place: row for row in rows}.values(), key=lambda row: row.place)


def _plan(rows: Rows, budget: Budget) -> Plan:
    candidates = (
        Candidate(row.rule, tuple(check.test for check in row.checks), row.effects, row.terminal) for row in rows
    )
    return compile_plan(candidates, budget.known)
