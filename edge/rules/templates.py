"""Text with `${…}` in it, filled in from the request.

`${host}` `${path}` `${query-string}` `${scheme}` `${method}` `${client-address}` `${request-id}` `${application}`
`${release}` `${header.NAME}`; what is not there is empty; `$${` writes `${`. `${path}` is the clean path of the request
(`edge.rules.paths`), so it cannot make `//host`, a `..` or a line break out of what a client wrote.

A filled value fits its *place*: in a header CR, LF and NUL are refused (UnsafeValueError); in a URL they are too, and
what a URL cannot hold is percent-encoded; in a body of HTML, XML or JSON it is escaped: a client writes no markup.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote_from_bytes

from edge.rules import names, paths
from edge.rules.errors import UnsafeValueError
from edge.rules.request import Request

Value: TypeAlias = Callable[[Request], str]
Place: TypeAlias = Callable[[str], str]
Filled: TypeAlias = Callable[[Request], str]

VALUES: dict[str, Value] = {
    "host": lambda request: request.host,
    "path": lambda request: paths.clean(request.raw_path, request.path),
    "query-string": lambda request: request.query_string,
    "scheme": lambda request: request.scheme,
    "method": lambda request: request.method,
    "client-address": lambda request: request.client_address,
    "request-id": lambda request: request.request_id,
    "application": lambda request: request.application,
    "release": lambda request: request.release,
}
HEADER = "header."

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
    if "\r" in value or "\n" in value or "\0" in value:
        raise UnsafeValueError("a value of the request that a rule puts into a header has a line break or a NUL")
    return value


def in_url(value: str) -> str:
    """A value for a URL: what may not stand in one is percent-encoded, `%` stays as it is."""
    return quote_from_bytes(names.data(in_header(value)), safe=_URL)


def in_body(content_type: str) -> Place:
    """How values are written into a body of this type."""
    media = content_type.partition(";")[0].strip().lower()
    if media.endswith(("html", "xml")):
        from html import escape  # with its table of all entities 0.3 MB, for the few who need it

        return escape
    if media.endswith("json"):
        return lambda value: json.dumps(value)[1:-1]
    return lambda value: value


def _value(name: str) -> Value:
    if name in VALUES:
        return VALUES[name]
    header = name.removeprefix(HEADER)
    if header != name and names.is_header_name(header):
        field = names.data(header.lower())
        return lambda request: request.header(field) or ""
    raise TemplateError(f"${{{name[:40]}}} is unknown; there are {', '.join(VALUES)} and {HEADER}NAME")
