"""A request's id: which are taken from others, and how one is made where a rule says so.

The gateway gives every request an id, 32 random hexadecimal digits, before rules run. The action `request-id` may put
the client's own in its place. What clients write stands in logs and headers then, so it is short and of few characters;
that it is nobody else's id too is not promised any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from edge.model.actions import RequestId
from edge.rules import names
from edge.rules.request import Request

_sane = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}\Z").match
_hex = re.compile(r"[0-9a-f]{32}\Z").match


def is_request_id(text: str) -> bool:
    """Whether an id from outside may be taken over."""
    return _sane(text) is not None


def compile_identity(action: RequestId) -> Callable[[Request], str]:
    """The id of a request, from the one that it has."""
    name = names.data(action.header.lower())
    write = uuid_of if action.format == "uuid" else str

    def identify(request: Request) -> str:
        sent = request.header(name) if action.accept else None
        return sent if sent is not None and is_request_id(sent) else write(request.request_id)

    return identify


def uuid_of(text: str) -> str:
    """32 random hexadecimal digits as a UUID of version 4 (RFC 9562 5.4); any other id as it is."""
    if _hex(text) is None:
        return text
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
