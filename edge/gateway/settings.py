"""What a worker is told at its start: limits and timeouts of the data path, and who it is."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes in bytes, times in seconds. Every field has a default that fits an ordinary website."""

    name: str = "edge"
    """The gateway server's name. The `Via` pseudonym is made of it, so that a loop is known: all workers of one
    server share it, two servers must not."""
    workers: int = 1
    """How many workers share the server's limits."""
    zone: str = ""
    """Where the server is, as Kubernetes names zones; upstreams may prefer their endpoints there."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks whose `Forwarded`, `X-Forwarded-*` and `X-Request-Id` are believed; other peers' are replaced."""
    proxy_protocol_from: tuple[str, ...] = ()
    """Networks whose connections begin with a PROXY header, and are closed if they do not; others' never do."""

    header_timeout: float = 10.0
    """From the first byte of a request until its head is complete (408), also on a connection just opened."""
    keep_alive_timeout: float = 60.0
    """How long a client connection may wait for its next request."""
    body_timeout: float = 60.0
    """Between two reads of a request body (408)."""
    send_timeout: float = 60.0
    """How long a client may take none of the bytes that wait for it."""
    connect_timeout: float = 5.0
    """For one connection to an endpoint (504 when no other endpoint takes the request)."""
    response_timeout: float = 60.0
    """From the last byte sent to an endpoint until its answer, and between two reads of it (504)."""
    retry_within: float = 10.0
    """A request is given to another endpoint only within this time from its start."""
    upstream_idle_timeout: float = 50.0
    """How long a connection to an endpoint is kept for the next request."""
    tunnel_timeout: float = 3600.0
    """How long a WebSocket may be silent in both directions."""
    linger_timeout: float = 2.0
    """How long the rest of a refused request is read away, so that the client can read the answer."""

    head_limit: int = 32 * 1024
    """The whole head of a message (431 from a client, 502 from an endpoint)."""
    target_limit: int = 8 * 1024
    """The target in the request line (414)."""
    field_limit: int = 100
    """Header fields in a head (431, 502)."""
    body_limit: int = 0
    """A request's body (413); 0: no limit, bodies are streamed and never held whole."""
    buffer_limit: int = 64 * 1024
    """Bytes held for a peer that does not take them before the other side is no longer read."""
    replay_limit: int = 64 * 1024
    """A request body up to this size is kept, so that the request can be sent once more."""
    discard_limit: int = 1024 * 1024
    """How much of a request body is read away after an early answer to keep the connection."""
    idle_per_endpoint: int = 64
    """Connections kept idle for one endpoint."""
    cache_size: int = 64 * 1024 * 1024
    """What all stored answers of this worker may take together."""
    attempts: int = 3
    """How often a request may be sent. Refused connections do not count: then nothing was sent."""

    ejection_failures: int = 3
    """An endpoint that takes no connection, or answers no request in time, this often in a row is passed over for a
    while."""
    ejection_time: float = 5.0
    """For how long the first time; doubled each time in a row, up to `ejection_time_limit`."""
    ejection_time_limit: float = 60.0

    access_log: str = ""
    """File to which access lines are appended; empty: none; `-`: standard output."""
    access_log_fields: tuple[str, ...] = ()
    """Names of `telemetry.log_fields`, in the order of a line; none: those of `telemetry.line.Line`."""
    access_log_batch: int = 64 * 1024
    """Access lines are written when this many bytes wait, or `access_log_delay` after the first."""
    access_log_delay: float = 0.5
    tracing: str = ""
    """URL of an OTLP/HTTP collector; empty: nothing is traced."""
    tracing_sample: float = 0.01
    """The share of requests that begin a trace; those that come with a trace are traced as their caller says."""
    drain_timeout: float = 30.0
    """How long requests in flight may take when the worker ends."""
