"""What is wrong with an action that changes answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from edge.model.actions import Cache, Compress, Cors, ErrorPage
from edge.rules import limits, names, templates
from edge.rules.checks.routing import check_content
from edge.rules.problem import Problem, shown

_origin = re.compile(r"[a-z][a-z0-9+.-]*://((\*\.)?[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?\Z").match
_media_type = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/([a-z0-9][a-z0-9!#$&^_.+-]*|\*)\Z").match
_method = re.compile(r"[A-Z][A-Z-]{0,30}\Z").match
YEAR = 31_536_000
"""Nothing is fresh for longer (RFC 9111 has no bound; the field's practice is a year)."""
STORED = (200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 451, 501)
"""Answers that a cache may keep for a time that a rule says (RFC 9110 15.1 and redirects)."""
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


def check_cache(action: Cache) -> Iterator[Problem]:
    for field in ("ttl", "stale_if_error", "stale_while_revalidate"):
        value = getattr(action, field)
        if not 0 <= value <= YEAR:
            yield Problem(field, f"expected seconds from 0 to {YEAR:,}, but got {value}")
    if len(action.statuses) > limits.ENTRIES:
        yield Problem("statuses", f"expected at most {limits.ENTRIES} of them, but got {len(action.statuses)}")
    for index, status in enumerate(action.statuses[: limits.ENTRIES]):
        if status not in STORED:
            codes = ", ".join(map(str, STORED))
            yield Problem(f"statuses[{index}]", f"answers with the status code {status} are not stored; only {codes}")
    if action.override and not action.ttl:
        yield Problem("ttl", "override needs a ttl to put in place of what answers say")
    if not 1 <= action.max_body <= limits.SIZE:
        yield Problem("max_body", f"expected bytes from 1 to {limits.SIZE:,}, but got {action.max_body}")
    yield from check_key(action.key, same_for_all=False)


def check_key(key: str, *, same_for_all: bool) -> Iterator[Problem]:
    """What is wrong with a template that tells requests apart; `same_for_all` allows one that does not."""
    if len(key) > limits.VALUE:
        yield Problem("key", f"expected at most {limits.VALUE} characters, but got {len(key)}")
    try:
        parts = templates.parse(key)
    except templates.TemplateError as error:
        yield Problem("key", str(error))
        return
    if key and not same_for_all and all(isinstance(part, str) for part in parts):
        yield Problem("key", "the key is the same for every request: fill something in, such as ${path}")


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
