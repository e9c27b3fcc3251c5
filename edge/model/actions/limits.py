"""How much may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Period: TypeAlias = Literal["second", "minute", "hour"]
SECONDS: Mapping[Period, int] = {"second": 1, "minute": 60, "hour": 3600}
"""How long each lasts."""


class LimitRate(msgspec.Struct, frozen=True, tag="limit-rate", omit_defaults=True, forbid_unknown_fields=True):
    """Gate and filter: at most `rate` requests `per` period for each `key`, a template. `burst` of them (as many as
    `rate`, if None) may come at once; what comes beyond is refused with `status`. With `delay` all but the first of a
    burst wait until they are in time."""

    rate: int
    per: Period = "second"
    burst: int | None = None
    key: str = "${client-address}"
    delay: bool = False
    status: int = 429


class LimitConcurrency(
    msgspec.Struct, frozen=True, tag="limit-concurrency", omit_defaults=True, forbid_unknown_fields=True
):
    """Gate: at most `limit` requests in hand at once for each `key`, a template; others are refused with `status`, save
    that up to `queue` of each key wait for a place. A WebSocket is in hand until it ends."""

    limit: int
    key: str = "${client-address}"
    queue: int = 0
    status: int = 503


class LimitBody(msgspec.Struct, frozen=True, tag="limit-body", forbid_unknown_fields=True):
    """Gate: a request's body has at most `size` bytes; a longer one is refused with 413."""

    size: int
