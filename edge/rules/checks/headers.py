"""What is wrong with an action that sets or removes a header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from edge.model.actions import (
    RemoveRequestHeader,
    RemoveResponseHeader,
    RequestId,
    SetRequestHeader,
    SetResponseHeader,
)
from edge.rules import limits, names, templates
from edge.rules.problem import Problem, shown
from edge.rules.templates import illegal_in_header

FRAMING = ("connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
"""Fields of one connection, RFC 9110 7.6.1: the gateway speaks of them itself."""

SPOKEN_FOR = ("authorization", "cookie", "date", "expect", "forwarded", "host", "location", "set-cookie", "via")
"""Headers that mean something else than a request's id, or are secret."""

_Named: TypeAlias = SetRequestHeader | SetResponseHeader | RemoveRequestHeader | RemoveResponseHeader


def check_header_name(action: _Named) -> Iterator[Problem]:
    name = action.name.lower()
    if not names.is_header_name(name) or len(name) > limits.NAME:
        yield Problem("name", f"{shown(action.name)} is not a header name (letters, digits and -, RFC 9110 5.6.2)")
    elif name in FRAMING or name.startswith("proxy-"):
        yield Problem("name", f"{action.name} is about one connection, which the gateway speaks of itself")
    elif name in ("via", "expect") and isinstance(action, SetRequestHeader | RemoveRequestHeader):
        yield Problem("name", f"{action.name} is the gateway's own: it finds loops and asks for bodies with it")
    elif name == "host" and not isinstance(action, SetRequestHeader):
        yield Problem("name", "Host can be set on a request (RFC 9112 3.2 demands one), nothing else")


def check_request_id(action: RequestId) -> Iterator[Problem]:
    name = action.header.lower()
    if not names.is_header_name(name) or len(name) > limits.NAME:
        yield Problem("header", f"{shown(action.header)} is not a header name (letters, digits and -, RFC 9110 5.6.2)")
    elif name in FRAMING or name in SPOKEN_FOR or name.startswith(("proxy-", "x-forwarded-", "content-")):
        yield Problem("header", f"{action.header} has a meaning of its own; expected a header like X-Correlation-Id")
    elif name == "x-request-id" and action.upstream_only:
        yield Problem("upstream_only", "every answer has X-Request-Id, so that a person can ask about it")


def check_header_value(action: SetRequestHeader | SetResponseHeader) -> Iterator[Problem]:
    value = action.value
    if len(value) > limits.VALUE:
        yield Problem("value", f"expected at most {limits.VALUE} characters, but got {len(value)}")
    if illegal_in_header(value):
        yield Problem("value", "a header's value cannot hold line breaks, NUL or other control characters")
    elif value != value.strip(" \t"):
        yield Problem("value", "a header's value does not begin or end with spaces")
    try:
        parts = templates.parse(value)
    except templates.TemplateError as error:
        yield Problem("value", str(error))
        return
    if action.name.lower() == "host" and not _may_be_authority(parts):
        yield Problem("value", f"expected a host, with or without a port, but got {shown(value)}")


def _may_be_authority(parts: list[str | templates.Value]) -> bool:
    text = "".join(part if isinstance(part, str) else "x" for part in parts)
    return re.match(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?\Z", text) is not None
