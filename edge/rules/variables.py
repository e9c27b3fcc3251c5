"""What conditions look at. A variable of a request has no value, one, or (query and cookie) several.

`query` values are decoded (`+` is a space, a broken escape stays as it is); `query-string` is as sent; a header of
several lines is one value, joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from edge.model.rule import Variable
from edge.rules import names
from edge.rules.request import Request

One: TypeAlias = Callable[[Request], str]
Optional: TypeAlias = Callable[[Request], str | None]
Several: TypeAlias = Callable[[Request], Sequence[str]]

ALWAYS: dict[Variable, One] = {
    "path": attrgetter("path"),
    "query-string": attrgetter("query_string"),
    "method": attrgetter("method"),
    "host": attrgetter("host"),
    "scheme": attrgetter("scheme"),
    "client-address": attrgetter("client_address"),
    "http-version": attrgetter("http_version"),
    "sorted-query-string": lambda request: "&".join(sorted(request.query_string.split("&"))),
    "server-address": lambda request: request.connection.server[0],
    "server-port": lambda request: request.connection.server[1],
}
"""Variables that every request has."""

WITH_ARGUMENT: tuple[Variable, ...] = ("query", "header", "cookie")
"""Variables of something named."""

WITHOUT_CASE: tuple[Variable, ...] = ("host", "scheme")
"""Variables that are lower case by nature: conditions on them ignore case."""


def header(name: str) -> Optional:
    """A header, in any case."""
    field = names.data(name.lower())

    def read(request: Request) -> str | None:
        return request.header(field)

    return read


def forwarded_address(place: int) -> Optional:
    """An entry of X-Forwarded-For as it was sent, by its place in the list; without a port (RFC 7239 has the same)."""

    def read(request: Request) -> str | None:
        sent = request.header(b"x-forwarded-for")
        if not sent:
            return None
        entry = sent.split(",")[place].strip()
        if entry.startswith("["):
            return entry[1:].partition("]")[0]
        return entry.partition(":")[0] if entry.count(":") == 1 else entry

    return read


def query(name: str) -> Several:
    """Every value of a query argument, in order; an argument without `=` has an empty one."""

    def read(request: Request) -> Sequence[str]:
        text = request.query_string
        if not text:
            return ()
        found = []
        for pair in text.split("&"):
            key, _, value = pair.partition("=")
            if key == name or (("%" in key or "+" in key) and _form_decoded(key) == name):
                found.append(_form_decoded(value) if "%" in value or "+" in value else value)
        return found

    return read


def cookie(name: str) -> Several:
    """Every value of a cookie, in order, as sent (RFC 6265 5.4)."""

    def read(request: Request) -> Sequence[str]:
        text = request.header(b"cookie")
        if text is None:
            return ()
        found = []
        for pair in text.split(";"):
            key, equals, value = pair.partition("=")
            if equals and key.strip() == name:
                found.append(value.strip())
        return found

    return read


def _form_decoded(text: str) -> str:
    return names.text(unquote_to_bytes(names.data(text.replace("+", " "))))
