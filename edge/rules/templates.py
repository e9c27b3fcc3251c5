"""Text with `${…}` in it, filled in from the request.

`${host}` `${path}` `${query-string}` `${sorted-query-string}` `${scheme}` `${method}` `${client-address}`
`${request-id}` `${application}` `${release}` `${header.NAME}` `${cookie.NAME}` `${query.NAME}`; what is not there is
empty, of several values the first counts; `$${` writes `${`. `${path}` is the clean path of the request
(`edge.rules.paths`), so it cannot make `//host`, a `..` or a line break out of what a client wrote.

A filled value fits its *place*: in a header control characters are refused (UnsafeValueError); in a URL CR, LF and NUL
are, and what else a URL cannot hold is percent-encoded; in a body of HTML, XML or JSON it is escaped: a client writes
no markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote_from_bytes

from edge.rules import names, paths, variables
from edge.rules.errors import UnsafeValueError
from edge.rules.request import Request

Value: TypeAlias = Callable[[Request], str]
Place: TypeAlias = Callable[[str], str]
Filled: TypeAlias = Callable[[Request], str]

VALUES: dict[str, Value] = {
    "host": lambda request: request.host,
    "path": lambda request: paths.clean(request.raw_path, request.path),
    "query-string": lambda request: request.query_string,
    "sorted-query-string": variables.ALWAYS["sorted-query-string"],
    "scheme": lambda request: request.scheme,
    "method": lambda request: request.method,
    "client-address": lambda request: request.client_address,
    "request-id": lambda request: request.request_id,
    "application": lambda request: request.application,
    "release": lambda request: request.release,
}
illegal_in_header = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search  # RFC 9110 5.5: tab is the only control character
NAMED = ("header.", "cookie.", "query.")
"""What the names of headers, cookies and query arguments stand behind."""

_URL = ":/?#[]@!$&'()*+,;=%~"  # RFC 3986 2.2 and the percent sign


class TemplateError(ValueError):
    """A template that cannot be read; the message says what was expected."""


def parse(template: str) -> list[str | Value]:
    """The literal parts and the values between them, in order. Raises TemplateError."""
    parts: list[str | Value] = []
    literal = ""
    rest = template
    while "${" in rest:
        before, _, rest = rest.partition("${")
        if before.endswith("$"):
            literal += before[:-1] + "${"
            continue
        name, closed, rest = rest.partition("}")
        if not closed:
            raise TemplateError(f"${{{name[:40]} is not closed with }}")
        if literal or before:
            parts.append(literal + before)
            literal = ""
        parts.append(_value(name))
    if literal or rest:
        parts.append(literal + rest)
    return parts


def compile_template(template: str, place: Place) -> str | Filled:
    """The text itself when nothing is to be filled in, else a function of the request. Raises TemplateError."""
    parts = parse(template)
    if all(isinstance(part, str) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))

    if len(parts) == 1 and not isinstance(parts[0], str):
        only = parts[0]
        return lambda request: place(only(request))

    def fill(request: Request) -> str:
        return "".join([part if isinstance(part, str) else place(part(request)) for part in parts])

    return fill


def in_header(value: str) -> str:
    """A value for a header, or UnsafeValueError."""
    if illegal_in_header(value):
        raise UnsafeValueError("a value of the request that a rule puts into a header has a control character")
    return value


def in_url(value: str) -> str:
    """A value for a URL: what may not stand in one is percent-encoded, `%` stays as it is."""
    if "\r" in value or "\n" in value or "\0" in value:
        raise UnsafeValueError("a value of the request that a rule puts into a URL has a line break or a NUL")
    return quote_from_bytes(names.data(value), safe=_URL)


def in_body(content_type: str) -> Place:
    """How values are written into a body of this type."""
    media = content_type.partition(";")[0].strip().lower()
    if media.endswith(("html", "xml")):
        from html import escape  # with its table of all entities 0.3 MB, for the few who need it

        return escape
    if media.endswith("json"):
        return lambda value: json.dumps(value)[1:-1]
    return lambda value: value


def is_of_header(value: Value) -> bool:
    """Whether a value is a header's, which no link can make somebody else's browser send."""
    return isinstance(value, _Header)


class _Header:
    __slots__ = ("_field",)

    def __init__(self, name: str) -> None:
        self._field = names.data(name.lower())

    def __call__(self, request: Request) -> str:
        return request.header(self._field) or ""


def _first(read: variables.Several) -> Value:
    def value(request: Request) -> str:
        found = read(request)
        return found[0] if found else ""

    return value


def _value(name: str) -> Value:
    if name in VALUES:
        return VALUES[name]
    kind, _, argument = name.partition(".")
    if kind == "query" and argument:
        return _first(variables.query(argument))
    if kind in ("header", "cookie") and names.is_header_name(argument):
        return _Header(argument) if kind == "header" else _first(variables.cookie(argument))
    known = ", ".join((*VALUES, *(f"{prefix}NAME" for prefix in NAMED)))
    raise TemplateError(f"${{{name[:40]}}} is unknown; there are {known}")
