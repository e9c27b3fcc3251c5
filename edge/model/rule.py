"""Page rules, as the API takes them and a release document carries them; their actions are `edge.model.actions`.

Values are checked in `edge.rules.validate`; these types only fix the shapes.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

import msgspec

from edge.model.actions import Action

Variable: TypeAlias = Literal[
    "path",
    "query-string",
    "query",
    "method",
    "host",
    "scheme",
    "header",
    "cookie",
    "client-address",
    "http-version",
    "user-agent",
    "sorted-query-string",
    "server-address",
    "server-port",
    "first-x-forwarded-address",
    "last-x-forwarded-address",
]
Operator: TypeAlias = Literal[
    "equals",
    "prefix",
    "suffix",
    "contains",
    "matches",
    "in-network",
    "exists",
    "greater",
    "less",
    "at-least",
    "at-most",
    "equals-number",
    "before",
    "after",
    "contains-word",
    "wildcard",
    "is-empty",
]


class Condition(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Plain: `variable` (of `argument`, for query, header and cookie) compared with any of `values`; `negate` turns it.

    Or a group of conditions, with exactly one of `any` (one of them holds), `all` (each does) and `not` (it does not),
    and nothing else. JSON tells the two apart by their fields alone, so they are one type; a group has neither variable
    nor operator, which `edge.rules.checks` holds to."""

    variable: Variable = cast(Variable, None)
    operator: Operator = cast(Operator, None)
    values: tuple[str, ...] = ()
    argument: str | None = None
    negate: bool = False
    ignore_case: bool = False
    any_of: tuple[Condition, ...] = msgspec.field(default=(), name="any")
    all_of: tuple[Condition, ...] = msgspec.field(default=(), name="all")
    not_: Condition | None = msgspec.field(default=None, name="not")

    @property
    def is_group(self) -> bool:
        """Whether it is made of other conditions."""
        return bool(self.any_of or self.all_of) or self.not_ is not None

    @property
    def members(self) -> tuple[Condition, ...]:
        """The conditions that a group is made of."""
        return (*self.any_of, *self.all_of, *(() if self.not_ is None else (self.not_,)))


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A page rule. Its place among the application's rules is its position in the list that holds it."""

    id: str
    name: str = ""
    enabled: bool = True
    conditions: tuple[Condition, ...] = ()
    actions: tuple[Action, ...] = ()
