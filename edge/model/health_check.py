"""How a gateway finds out by itself whether an endpoint can do its work."""

from __future__ import annotations

from typing import Literal

import msgspec


class HealthCheck(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Every gateway server asks each endpoint every `interval` seconds: GET `path` (with `http`), or only for a
    connection (with `tcp`). An answer with one of `statuses`, with none given any from 200 to 399, within `timeout`
    seconds is a success. `fall` failures in a row make an endpoint unhealthy, `rise` successes healthy again. `host`
    stands in place of the endpoint's own, `port` in place of the one that requests go to."""

    type: Literal["http", "tcp"] = "http"
    path: str = "/"
    host: str = ""
    statuses: tuple[int, ...] = ()
    interval: float = 5.0
    timeout: float = 2.0
    rise: int = 2
    fall: int = 3
    port: int | None = None
