"""What is wrong with an action that says where a request goes, or which answer ends it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from edge.model.actions import Mirror, Redirect, Respond, RewritePath
from edge.rules import limits, paths, rewriting, templates
from edge.rules.errors import BadPathError
from edge.rules.expressions import Expression, PatternError
from edge.rules.problem import Problem, shown
from edge.rules.templates import illegal_in_header

REDIRECTS = (301, 302, 303, 307, 308)
"""Status codes of a redirect, RFC 9110 15.4."""
BODILESS = (204, 205, 304)
"""Status codes without a body, RFC 9110 15.3.5, 15.3.6, 15.4.5."""

_illegal_in_url = re.compile(r"[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]").search  # RFC 3986 2
_IN_HOST = tuple(templates.VALUES[name] for name in ("host", "application", "release"))
_authority = re.compile(r"https?://[^/?#]").match


def check_redirect(action: Redirect) -> Iterator[Problem]:
    if action.status not in REDIRECTS:
        yield Problem("status", f"a redirect has one of the status codes {_listed(REDIRECTS)}, not {action.status}")
    if len(action.url) > limits.VALUE:
        yield Problem("url", f"expected at most {limits.VALUE} characters, but got {len(action.url)}")
        return
    message = _url_problem(action.url)
    if message is not None:
        yield Problem("url", message)


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(map(str, numbers))


def _url_problem(url: str) -> str | None:
    try:
        parts = templates.parse(url)
    except templates.TemplateError as error:
        return str(error)
    for part in parts:
        wrong = _illegal_in_url(part) if isinstance(part, str) else None
        if wrong is not None:
            return f"a URL cannot hold {wrong.group()!r}; write it percent-encoded"
    return _start_problem(parts) or _host_problem(parts)


def _start_problem(parts: list[str | templates.Value]) -> str | None:
    first = parts[0] if parts else ""
    if not isinstance(first, str):
        if first is templates.VALUES["path"] or (first is templates.VALUES["scheme"] and _goes_on(parts)):
            return None
    elif _authority(first) or (first in ("http://", "https://") and len(parts) > 1):
        return None
    elif first.startswith("/") and not first.startswith("//"):
        if first == "/" and len(parts) > 1:
            return "a value directly after the first slash could make another host of it; ${path} has its own slash"
        return None
    return "a redirect goes to http://…, https://…, ${scheme}://…, a path that begins with one slash, or ${path}"


def _host_problem(parts: list[str | templates.Value]) -> str | None:
    """A link could choose where clients are sent, if what stands in it were a part of the host."""
    text = "".join(part if isinstance(part, str) else "\0" for part in parts)
    scheme, _, rest = text.partition("://")
    if scheme not in ("http", "https", "\0"):
        return None
    values = (part for part in parts[scheme == "\0" :] if not isinstance(part, str))
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    for place, value in zip((found.start() for found in re.finditer("\0", host)), values, strict=False):
        if value is templates.VALUES["path"] and place > 0:
            return None  # it begins with a slash
        if value not in _IN_HOST and not templates.is_of_header(value):
            return "only ${host}, ${application}, ${release} and headers can be a part of the host; put a / before it"
    return None


def _goes_on(parts: list[str | templates.Value]) -> bool:
    following = parts[1] if len(parts) > 1 else ""
    return isinstance(following, str) and following.startswith("://") and (len(following) > 3 or len(parts) > 2)


def check_respond(action: Respond) -> Iterator[Problem]:
    if not 200 <= action.status <= 599:
        yield Problem("status", f"expected a status code from 200 to 599, but got {action.status}")
    if action.status in BODILESS and action.body:
        yield Problem("body", f"an answer with the status code {action.status} has no body")
    yield from check_content(action.body, action.content_type)


def check_content(body: str, content_type: str) -> Iterator[Problem]:
    """What is wrong with an answer's `body`, a template, and its `content_type`."""
    size = len(body.encode("utf-8", "surrogatepass"))
    if size > limits.BODY:
        yield Problem("body", f"expected at most {limits.BODY} bytes, but got {size}")
    if "\0" in body:
        yield Problem("body", "a body of text cannot hold a NUL")
    try:
        templates.parse(body)
    except templates.TemplateError as error:
        yield Problem("body", str(error))
    if not re.match(r"[\w.+*-]+/[\w.+*-]+(;[\x20-\x7e]*)?\Z", content_type, re.ASCII):
        yield Problem("content_type", f"expected a media type like text/plain, but got {shown(content_type)}")


def check_rewrite_path(action: RewritePath) -> Iterator[Problem]:
    if (action.prefix is None) == (action.matches is None):
        came = "both" if action.prefix is not None else "none"
        yield Problem("", f"rewrite-path takes either prefix or matches, but got {came}")
        return
    if action.prefix is not None:
        if not action.prefix.startswith("/") or len(action.prefix) > limits.VALUE:
            yield Problem("prefix", f"expected a path that begins with a slash, but got {shown(action.prefix)}")
        groups = None
    else:
        try:
            groups = Expression((action.matches or "",)).groups
        except PatternError as error:
            yield Problem("matches", f"expected an RE2 expression, but got {shown(action.matches or '')}: {error}")
            return
    message = _replacement_problem(action.replacement, groups)
    if message is not None:
        yield Problem("with", message)


def _replacement_problem(replacement: str, groups: int | None) -> str | None:
    if len(replacement) > limits.VALUE:
        return f"expected at most {limits.VALUE} characters, but got {len(replacement)}"
    if "?" in replacement or "#" in replacement:
        return "a path cannot hold ? or #; the query string always stays as it is (write %3F or %23 for the characters)"
    if "${" in replacement:
        return "rewrite-path fills in no ${…}; it knows $0 to $9 for what `matches` found"
    if illegal_in_header(replacement):
        return "a path cannot hold control characters"
    try:
        if groups is not None:
            rewriting.parse(replacement, groups)
        if paths.has_dot_segments(replacement):
            return "write the path without . and .. segments"
    except rewriting.ReplacementError as error:
        return str(error)
    except BadPathError as error:
        return f"{error.reason}; write %25 for a percent sign"
    return None


def check_mirror(action: Mirror) -> Iterator[Problem]:
    if not 0 < action.share <= 1:
        yield Problem("share", f"expected a share above 0 and up to 1, such as 0.1, but got {action.share}")
    if not 0 <= action.max_body <= limits.SIZE:
        yield Problem("max_body", f"expected bytes from 0 to {limits.SIZE:,}, but got {action.max_body}")
