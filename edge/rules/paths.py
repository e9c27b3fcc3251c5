"""Paths as conditions see them, and as they are written again.

Words. The *raw path* is the request target before its first `?`, as sent. The *path* is the raw path normalised: what
conditions are compared with. The *clean path* is still percent-encoded, but safe to be cut, joined and written into a
target or a Location.

How a raw path becomes a path (nginx's way, ngx_http_parse_complex_uri in ngx_http_parse.c):

1. percent escapes are decoded, once; the bytes are read as UTF-8, and bytes that are not keep their own place
   (`edge.rules.names.text`);
2. runs of slashes become one;
3. `.` and `..` segments are resolved, also those written with escapes (`%2e%2e`, `..%2F`).

An escape without two hexadecimal digits, an escaped NUL and a `..` above the root are the client's fault
(BadPathError, 400): an endpoint behind us could read such a path differently than the rules do. `*`, the target of
OPTIONS, is its own path.

A path without `%`, `//` and `/.` is normal already, so the common case costs three searches.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote_from_bytes

from edge.rules import names
from edge.rules.errors import BadPathError

_ESCAPES: Final = {
    f"{high}{low}": bytes((int(high + low, 16),))
    for high in "0123456789abcdefABCDEF"
    for low in "0123456789abcdefABCDEF"
}
_SAFE: Final = "/:@!$&'()*+,;=~"  # pchar without "%", and the slash: RFC 3986 3.3
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_CHARACTERS: Final = _UNRESERVED | frozenset(_SAFE)


def normalise(raw_path: str) -> str:
    """The path of a raw path. Raises BadPathError."""
    if "%" not in raw_path and "//" not in raw_path and "/." not in raw_path and raw_path[:1] == "/":
        return raw_path
    if raw_path == "*":
        return raw_path
    if raw_path[:1] != "/":
        raise BadPathError("the path does not begin with a slash")
    return _resolve(_decode(raw_path)) if "%" in raw_path else _resolve(raw_path)


def encode(path: str) -> str:
    """A path percent-encoded: what RFC 3986 lets stand in a path stands, everything else becomes %XX."""
    return quote_from_bytes(names.data(path), safe=_SAFE)


def clean(raw_path: str, path: str) -> str:
    """The clean path of a raw path and its path.

    Where decoding alone gave the path, it is the raw path with its escapes kept, except that escaped unreserved
    characters are decoded and characters a path must not hold are encoded (RFC 3986 6.2.2). Where slashes were merged
    or dots resolved, it is the path encoded anew, so no `..` is ever left in it.
    """
    if raw_path == path and _PATH_CHARACTERS.issuperset(raw_path):
        return raw_path
    if path == "*" or _decode(raw_path) != path:
        return encode(path)
    first, *rest = raw_path.split("%")
    parts = [encode(first)]
    for part in rest:
        character = chr(int(part[:2], 16))
        parts.append(character if character in _UNRESERVED else "%" + part[:2].upper())
        parts.append(encode(part[2:]))
    return "".join(parts)


def has_dot_segments(raw_path: str) -> bool:
    """Whether an endpoint that decodes the path could find a `.` or `..` segment in it. Raises BadPathError."""
    return any(segment in (".", "..") for segment in _decode(raw_path).split("/"))


def _decode(raw_path: str) -> str:
    first, *rest = raw_path.split("%")
    parts = [names.data(first)]
    for part in rest:
        byte = _ESCAPES.get(part[:2])
        if byte is None:
            raise BadPathError("the path has a % that two hexadecimal digits do not follow")
        parts.append(byte)
        parts.append(names.data(part[2:]))
    decoded = b"".join(parts)
    if b"\0" in decoded:
        raise BadPathError("the path has an escaped NUL")
    return names.text(decoded)


def _resolve(path: str) -> str:
    segments = path.split("/")
    resolved: list[str] = []
    for segment in segments:
        if segment == "..":
            if not resolved:
                raise BadPathError("the path leads above the root")
            resolved.pop()
        elif segment and segment != ".":
            resolved.append(segment)
    if not resolved:
        return "/"
    ending = "/" if segments[-1] in ("", ".", "..") else ""
    return f"/{'/'.join(resolved)}{ending}"
