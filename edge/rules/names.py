"""Host names, header names and the text of bytes: small rules that several places must agree on."""

from __future__ import annotations

import re

HOST_LIMIT = 253
"""The longest host name, RFC 1035 2.3.4 without the final dot."""

_label = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z").match
_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match


def text(data: bytes) -> str:
    """Bytes of a message as text. Every byte string has a text, and `data` gives the same bytes back."""
    return data.decode("utf-8", "surrogateescape")


def data(text: str) -> bytes:
    """The bytes of `text`, the reverse of `text`."""
    return text.encode("utf-8", "surrogateescape")


def host_of(authority: str) -> str:
    """The host of a Host header: lower case, without port and without one trailing dot.

    `WWW.Example.com.:8080` → `www.example.com`; `[::1]:80` → `[::1]`.
    """
    host = authority
    if ":" in host:
        host = host[: host.find("]") + 1] if host[0] == "[" else host[: host.find(":")]
    if host[-1:] == ".":
        host = host[:-1]
    return host.lower()


def is_host_name(name: str) -> bool:
    """Whether `name` is a DNS name in lower-case ASCII, underscores allowed, without a trailing dot."""
    return len(name) <= HOST_LIMIT and all(_label(label) is not None for label in name.split("."))


def is_header_name(name: str) -> bool:
    """Whether `name` is a token, RFC 9110 5.6.2."""
    return _token(name) is not None
