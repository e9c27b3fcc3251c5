"""Where a request goes, or which answer ends it."""

from __future__ import annotations

import msgspec


class Proxy(msgspec.Struct, frozen=True, tag="proxy", forbid_unknown_fields=True):
    """Terminal: send the request to the upstream with this id."""

    upstream: str


class Redirect(msgspec.Struct, frozen=True, tag="redirect", forbid_unknown_fields=True):
    """Terminal: answer with a Location; `url` is a template."""

    url: str
    status: int = 302


class Respond(msgspec.Struct, frozen=True, tag="respond", forbid_unknown_fields=True):
    """Terminal: answer with a fixed body; `body` is a template."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


class RewritePath(msgspec.Struct, frozen=True, tag="rewrite-path", omit_defaults=True, forbid_unknown_fields=True):
    """Replace a `prefix` of the path, or what `matches` (RE2, groups as $1) in it, `with` another text."""

    replacement: str = msgspec.field(name="with")
    prefix: str | None = None
    matches: str | None = None


class Mirror(msgspec.Struct, frozen=True, tag="mirror", omit_defaults=True, forbid_unknown_fields=True):
    """Gate: a copy of a `share` (above 0, up to 1) of the requests goes to `upstream`, whose answers are thrown away.
    Bodies above `max_body` bytes are not copied, nor are their requests."""

    upstream: str
    share: float = 1.0
    max_body: int = 65_536
