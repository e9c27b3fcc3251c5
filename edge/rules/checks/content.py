"""What is wrong with an action that changes answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from edge.model.actions import Compress, Cors, ErrorPage
from edge.rules import limits, names
from edge.rules.checks.routing import check_content
from edge.rules.problem import Problem, shown

_origin = re.compile(r"[a-z][a-z0-9+.-]*://((\*\.)?[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?\Z").match
_media_type = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/([a-z0-9][a-z0-9!#$&^_.+-]*|\*)\Z").match
_method = re.compile(r"[A-Z][A-Z-]{0,30}\Z").match
DAY = 86400
"""Browsers keep a preflight's answer for at most a day (Fetch standard, CORS-preflight cache)."""


def check_cors(action: Cors) -> Iterator[Problem]:
    if not action.origins:
        yield Problem("origins", "cors needs at least one origin, such as https://www.example.com or *")
    yield from _check_list("origins", action.origins, _origin_problem)
    if "*" in action.origins and action.credentials:
        yield Problem("credentials", "credentials cannot go with the origin *: name the origins that may send them")
    yield from _check_list("methods", action.methods, _method_problem)
    yield from _check_list("headers", action.headers, _header_problem)
    yield from _check_list("expose", action.expose, _header_problem)
    if not 0 <= action.max_age <= DAY:
        yield Problem("max_age", f"expected seconds from 0 to {DAY}, but got {action.max_age}")


def check_error_page(action: ErrorPage) -> Iterator[Problem]:
    if not action.statuses:
        yield Problem("statuses", "error-page needs at least one status code, such as 502")
    for index, status in enumerate(action.statuses):
        if not 400 <= status <= 599:
            yield Problem(f"statuses[{index}]", f"an error has a status code from 400 to 599, not {status}")
    if action.status is not None and not 200 <= action.status <= 599:
        yield Problem("status", f"expected a status code from 200 to 599, but got {action.status}")
    yield from check_content(action.body, action.content_type)


def check_compress(action: Compress) -> Iterator[Problem]:
    if not action.encodings:
        yield Problem("encodings", "compress needs at least one of zstd, br and gzip")
    for index, encoding in enumerate(action.encodings):
        if encoding in action.encodings[:index]:
            yield Problem(f"encodings[{index}]", f"{encoding} is there twice")
    if not action.types:
        yield Problem("types", "compress needs at least one type of content, such as text/html or text/*")
    yield from _check_list("types", action.types, _type_problem)
    if not 0 <= action.min_size <= limits.SIZE:
        yield Problem("min_size", f"expected bytes from 0 to {limits.SIZE:,}, but got {action.min_size}")
    if action.level is not None and not 1 <= action.level <= 9:
        yield Problem("level", f"expected a level from 1 (fast) to 9, but got {action.level}")


def _check_list(field: str, texts: Sequence[str], problem: Callable[[str], str | None]) -> Iterator[Problem]:
    if len(texts) > limits.ENTRIES:
        yield Problem(field, f"expected at most {limits.ENTRIES} of them, but got {len(texts)}")
    for index, text in enumerate(texts[: limits.ENTRIES]):
        message = problem(text)
        if message is not None:
            yield Problem(f"{field}[{index}]", message)


def _origin_problem(text: str) -> str | None:
    if text == "*" or (len(text) <= limits.NAME and _origin(text)):
        return None
    return f"expected an origin like https://www.example.com, https://*.example.com or *, but got {shown(text)}"


def _type_problem(text: str) -> str | None:
    if len(text) <= limits.NAME and _media_type(text):
        return None
    return f"expected a type like text/html or text/* in lower case, without parameters, but got {shown(text)}"


def _method_problem(text: str) -> str | None:
    return None if _method(text) else f"expected a method like GET, but got {shown(text)}"


def _header_problem(text: str) -> str | None:
    if len(text) <= limits.NAME and names.is_header_name(text.lower()):
        return None
    return f"{shown(text)} is not a header name (letters, digits and -, RFC 9110 5.6.2)"
