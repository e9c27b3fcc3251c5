"""Page rules, as the API takes them and a release document carries them; their actions are `edge.model.actions`.

Values are checked in `edge.rules.validate`; these types only fix the shapes.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

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
]
Operator: TypeAlias = Literal[
    "equals", "prefix", "suffix", "contains", "matches", "in-network", "exists", "greater", "less"
]


class Condition(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """`variable` (of `argument`, for query, header and cookie) compared with any of `values`; `negate` turns it."""

    variable: Variable
    operator: Operator
    values: tuple[str, ...] = ()
    argument: str | None = None
    negate: bool = False
    ignore_case: bool = False


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A page rule. Its place among the application's rules is its position in the list that holds it."""

    id: str
    name: str = ""
    enabled: bool = True
    conditions: tuple[Condition, ...] = ()
    actions: tuple[Action, ...] = ()
