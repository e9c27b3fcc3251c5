"""What becomes of an answer on its way to the client."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Encoding: TypeAlias = Literal["zstd", "br", "gzip"]


class Cors(msgspec.Struct, frozen=True, tag="cors", omit_defaults=True, forbid_unknown_fields=True):
    """Gate and filter: cross-origin requests of browsers (Fetch standard, section 3.3). `origins` are exact, `*`, or
    have one `*.` label; preflight requests are answered here. `max_age` is in seconds."""

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ("GET", "HEAD", "POST")
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int = 600


class ErrorPage(msgspec.Struct, frozen=True, tag="error-page", omit_defaults=True, forbid_unknown_fields=True):
    """Filter: in place of answers with one of `statuses`, the endpoints' and the gateway's own, give `body`."""

    statuses: tuple[int, ...]
    body: str = ""
    content_type: str = "text/html"
    status: int | None = None


class Compress(msgspec.Struct, frozen=True, tag="compress", omit_defaults=True, forbid_unknown_fields=True):
    """Filter: compress answers of these types for clients that take one of `encodings`, the first of those that they
    like equally. `types` are media types or `text/*`; `min_size` is in bytes; `level` is 1 (fast) to 9, or the
    encoding's usual one."""

    encodings: tuple[Encoding, ...] = ("zstd", "br", "gzip")
    types: tuple[str, ...] = (
        "text/*",
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/wasm",
        "application/xml",
        "image/svg+xml",
    )
    min_size: int = 512
    level: int | None = None


class Cache(msgspec.Struct, frozen=True, tag="cache", omit_defaults=True, forbid_unknown_fields=True):
    """Gate and filter: keep answers in memory and give them again (RFC 9111). `ttl` in seconds is for answers with one
    of `statuses` that do not say how long they are fresh; with `override`, also for those that do. `key` is a template,
    else the URL; `stale_if_error` and `stale_while_revalidate` in seconds; `max_body` in bytes."""

    ttl: int = 0
    statuses: tuple[int, ...] = (200, 203, 301, 308)
    override: bool = False
    key: str = ""
    stale_if_error: int = 0
    stale_while_revalidate: int = 0
    max_body: int = 1_048_576
