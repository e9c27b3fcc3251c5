"""What page rules decide about a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import msgspec

from edge.model.actions import HandlingAction
from edge.rules.routes import Route

Edits: TypeAlias = tuple[tuple[bytes, bytes | None], ...]
"""In order: (lower-case header name, its new value), or None to remove the header."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """An answer given without an upstream. `content_type` is empty when the body is; `location` is a redirect's;
    `fields` are more (lower-case name, value) pairs."""

    status: int
    body: bytes = b""
    content_type: bytes = b""
    location: bytes | None = None
    fields: tuple[tuple[bytes, bytes], ...] = ()


class Handlers(NamedTuple):
    """What acts on a request while it is served. Nothing in this package looks inside: the gateway makes them of
    actions when it compiles rules (`Make`) and finds them again in decisions."""

    gate: Any = None
    filter: Any = None


Make: TypeAlias = Callable[[HandlingAction, str], Handlers]
"""Of an action and the id of its rule. Raises ValueError for an action that cannot be made ready."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What to do. Exactly one holds:

    - `upstream` is the id of the upstream to send to, and `route` how, if the rule says more than that: then it chooses
      the upstream of each request, and `upstream` is the first of them; `target` is then the request target to send, or
      None for the target as the client sent it, and `request_headers` are the edits of the request's headers;
    - `answer` is the answer to give;
    - both are None: no rule ended it, the gateway answers 404 itself; this is NOT_FOUND, without any edits.

    `gates` are passed in order before the request is sent on or answered, `filters` see its answer in order.
    `response_headers` are the edits of the headers of the upstream's or the rule's answer. `rule` is the id of the rule
    that ended it, or empty. `request_id` is the request's id from now on, None: the one that it has. Decisions are
    shared between requests.
    """

    upstream: str | None = None
    target: bytes | None = None
    request_headers: Edits = ()
    response_headers: Edits = ()
    answer: Answer | None = None
    gates: tuple[Any, ...] = ()
    filters: tuple[Any, ...] = ()
    rule: str = ""
    request_id: bytes | None = None
    route: Route | None = None


NOT_FOUND = Decision()
"""No rule ended it."""
