"""Where a request goes, or which answer ends it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Failure: TypeAlias = Literal["connect-failure", "reset", "timeout"]
"""Of one attempt: nothing could be sent; the connection ended without an answer; no answer came in time."""


class WeightedUpstream(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An upstream's part of the requests: its `weight` of the sum of all; 0 takes it out of use."""

    upstream: str
    weight: int = 1


class Retries(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """When a request goes to one more endpoint: after one of `conditions`, or an answer with one of `statuses`.
    `attempts` counts the first, too. Times are in seconds. What was sent is sent again only if its method is idempotent
    (RFC 9110 9.2.2), unless `non_idempotent` says that this is no matter."""

    attempts: int = 3
    per_try_timeout: float | None = None
    conditions: tuple[Failure, ...] = ("connect-failure", "reset")
    statuses: tuple[int, ...] = ()
    non_idempotent: bool = False


class Proxy(msgspec.Struct, frozen=True, tag="proxy", omit_defaults=True, forbid_unknown_fields=True):
    """Terminal: send the request to the upstream with this id, or to one of `upstreams` by their weights: exactly one
    of the two is given. Requests with the same `key`, a template, go to the same one. `backup` is asked when the other
    has no endpoint left to ask. `retries` take the place of what happens without them (docs/gateway.md). `timeout`, in
    seconds, is for the time until an answer begins."""

    upstream: str = ""
    upstreams: tuple[WeightedUpstream, ...] = ()
    key: str = ""
    backup: str = ""
    retries: Retries | None = None
    timeout: float | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The ids of every upstream that it may send to, each once."""
        ids = (self.upstream, *(each.upstream for each in self.upstreams), self.backup)
        return tuple(dict.fromkeys(id for id in ids if id))


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
