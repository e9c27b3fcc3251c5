"""What remains of a request: counters and its access line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from edge.gateway.http.headers import client_address, client_scheme
from edge.gateway.telemetry.line import Line
from edge.gateway.telemetry.log_fields import Seen

if TYPE_CHECKING:
    from edge.gateway.balancing.target import Address
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.exchange import Exchange
    from edge.gateway.http.head import MalformedError, RequestHead
    from edge.gateway.http.headers import Peer

log = structlog.get_logger("edge.gateway")

HOST_LIMIT: Final = 255
"""Characters of a host in a line: no name that can be looked up is longer (RFC 1035 2.3.4)."""


def record(
    path: DataPath,
    head: RequestHead,
    peer: Peer,
    identity: bytes,
    *,
    seconds: float,
    application: str,
    upstream: str,
    address: Address | None,
    attempts: int,
    status: int,
    sent: int,
    error: str,
    exchange: Exchange,
) -> None:
    """Count a request and write its line."""
    path.counters.traffic.record(application, upstream, address, status, seconds)
    log = path.access_log
    observed = exchange.observed
    if log.chosen is not None or observed is not None:
        body = exchange.body
        release, rule = exchange.decided()
        seen = Seen(
            time=path.unix() - seconds,
            request_id=identity,
            client=client_address(head, peer, path.trusted_proxies),
            peer=peer.address,
            head=head,
            scheme=client_scheme(head, peer),
            application=application,
            status=status,
            sent=sent,
            seconds=seconds,
            connection=exchange.client,
            upstream=upstream,
            address=address,
            attempts=attempts,
            error=error,
            rule=rule,
            release=release,
            received=0 if body is None else body.received,
            observed=observed,
        )
        if path.tracer is not None:
            path.tracer.record(seen)
        if log.chosen is not None:
            log.write(log.chosen.line(seen))
            return
    if log.enabled:
        log.write(
            Line(
                time=path.unix() - seconds,
                request_id=identity.decode("ascii"),
                client=client_address(head, peer, path.trusted_proxies),
                application=application,
                method=head.method.decode("ascii"),
                host=head.host[:HOST_LIMIT].decode("ascii"),
                path=head.target.partition(b"?")[0].decode("ascii"),
                status=status,
                sent=sent,
                seconds=int(seconds * 1e6 + 0.5) / 1e6,  # round() goes by way of text
                upstream=upstream,
                endpoint="" if address is None else f"{address[0]}:{address[1]}",
                attempts=attempts,
                error=error,
            )
        )


def report_failed_rule(application: str, identity: bytes) -> None:
    """Log the exception that a page rule has raised; what the request holds is not logged."""
    log.exception("a page rule failed", application=application, request_id=identity.decode("ascii"))


def record_refused(path: DataPath, peer: Peer, identity: bytes, error: MalformedError, sent: int) -> None:
    """Count and write a request whose head could not be read."""
    path.counters.traffic.record("", "", None, error.status, 0.0)
    chosen = path.access_log.chosen
    if chosen is not None:
        path.access_log.write(
            chosen.line(
                Seen(
                    time=path.unix(),
                    request_id=identity,
                    client=peer.address,
                    peer=peer.address,
                    head=None,
                    scheme=peer.scheme,
                    application="",
                    status=error.status,
                    sent=sent,
                    seconds=0.0,
                    error=error.reason,
                )
            )
        )
    elif path.access_log.enabled:
        path.access_log.write(
            Line(
                time=path.unix(),
                request_id=identity.decode("ascii"),
                client=peer.address,
                application="",
                method="",
                host="",
                path="",
                status=error.status,
                sent=sent,
                seconds=0.0,
                error=error.reason,
            )
        )
