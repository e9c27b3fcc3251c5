"""Page rules: conditions and actions, as the API takes them and a release document carries them.

Values are checked in `edge.rules.validate`; these types only fix the shapes.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

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


class Proxy(msgspec.Struct, frozen=True, tag="proxy", forbid_unknown_fields=True):
    """Terminal: send the request to the upstream with this id."""

    upstream: str


class Redirect(msgspec.Struct, frozen=True, tag="redirect", forbid_unknown_fields=True):
    """Terminal: answer with a Location; `url` is a template."""

    url: str
    status: int = 302


class Respond(msgspec.Struct, frozen=True, tag="respond", forbid_unknown_fields=True):
    """Terminal: answer with a fixed body; `body` is a template."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


class RewritePath(msgspec.Struct, frozen=True, tag="rewrite-path", omit_defaults=True, forbid_unknown_fields=True):
    """Replace a `prefix` of the path, or what `matches` (RE2, groups as $1) in it, `with` another text."""

    replacement: str = msgspec.field(name="with")
    prefix: str | None = None
    matches: str | None = None


class SetRequestHeader(msgspec.Struct, frozen=True, tag="set-request-header", forbid_unknown_fields=True):
    """Set a header on the request to the upstream; `value` is a template."""

    name: str
    value: str


class RemoveRequestHeader(msgspec.Struct, frozen=True, tag="remove-request-header", forbid_unknown_fields=True):
    """Remove a header from the request to the upstream."""

    name: str


class SetResponseHeader(msgspec.Struct, frozen=True, tag="set-response-header", forbid_unknown_fields=True):
    """Set a header on the response to the client; `value` is a template."""

    name: str
    value: str


class RemoveResponseHeader(msgspec.Struct, frozen=True, tag="remove-response-header", forbid_unknown_fields=True):
    """Remove a header from the response to the client."""

    name: str


TerminalAction: TypeAlias = Proxy | Redirect | Respond
Action: TypeAlias = (
    Proxy
    | Redirect
    | Respond
    | RewritePath
    | SetRequestHeader
    | RemoveRequestHeader
    | SetResponseHeader
    | RemoveResponseHeader
)


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A page rule. Its place among the application's rules is its position in the list that holds it."""

    id: str
    name: str = ""
    enabled: bool = True
    conditions: tuple[Condition, ...] = ()
    actions: tuple[Action, ...] = ()
