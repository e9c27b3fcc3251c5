"""What page rules decide about a request."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Edits: TypeAlias = tuple[tuple[bytes, bytes | None], ...]
"""In order: (lower-case header name, its new value), or None to remove the header."""


class Answer(msgspec.Struct, frozen=True):
    """An answer given without an upstream. `content_type` is empty when the body is; `location` is a redirect's."""

    status: int
    body: bytes = b""
    content_type: bytes = b""
    location: bytes | None = None


class Decision(msgspec.Struct, frozen=True):
    """What to do. Exactly one holds:

    - `upstream` is the id of the upstream to send to; `target` is then the request target to send, or None for the
      target as the client sent it, and `request_headers` are the edits of the request's headers;
    - `answer` is the answer to give;
    - both are None: no rule ended it, the gateway answers 404 itself; this is NOT_FOUND, without any edits.

    `response_headers` are the edits of the headers of the upstream's or the rule's answer. `rule` is the id of the rule
    that ended it, or empty. Decisions are shared between requests.
    """

    upstream: str | None = None
    target: bytes | None = None
    request_headers: Edits = ()
    response_headers: Edits = ()
    answer: Answer | None = None
    rule: str = ""


NOT_FOUND = Decision()
"""No rule ended it."""
