"""What becomes of an answer on its way to the client."""

from __future__ import annotations

import msgspec


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
