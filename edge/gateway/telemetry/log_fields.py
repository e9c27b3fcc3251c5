"""The fields that an access line may have, by name.

Whatever a client says is *text* here: decoded as UTF-8 with what is not UTF-8 as `\\xNN`, characters that no terminal
should be given (controls, line separators, direction marks) as their escapes, and cut at `TEXT_LIMIT`. JSON then
escapes quotes and backslashes. So a line is one line, whatever was said.

Headers that carry credentials cannot be chosen: `SECRET`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from edge.gateway.balancing.target import shown
from edge.gateway.telemetry import trace_context
from edge.logs import printable

if TYPE_CHECKING:
    from edge.gateway.balancing.target import Address
    from edge.gateway.http.head import RequestHead
    from edge.gateway.http.protocol import ClientProtocol
    from edge.gateway.telemetry.observation import Observation

TEXT_LIMIT = 1024
"""Characters of a client's text in a line."""
FIELDS_LIMIT = 64
"""Fields that a line may have."""
SECRET = frozenset(["authorization", "cookie", "cookie2", "proxy-authorization", "set-cookie", "set-cookie2"])
"""Headers that never stand in a log."""

_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}\Z").match


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What is known of a request when it is over; `head` is None when it could not be read. `client` is the address
    that trusted proxies vouch for, `peer` whose connection it is, `received` the bytes of the request's body."""

    time: float
    request_id: bytes
    client: str
    peer: str
    head: RequestHead | None
    scheme: str
    application: str
    status: int
    sent: int
    seconds: float
    connection: ClientProtocol | None = None
    upstream: str = ""
    address: Address | None = None
    attempts: int = 0
    error: str = ""
    rule: str = ""
    release: str = ""
    received: int = 0
    observed: Observation | None = None


Getter: TypeAlias = Callable[[Seen], Any]


def text(value: bytes) -> str:
    """A client's bytes as a log may hold them."""
    said = value[: 4 * TEXT_LIMIT].decode("utf-8", "backslashreplace")
    said = printable(said)
    return said if len(said) <= TEXT_LIMIT and len(value) <= 4 * TEXT_LIMIT else said[: TEXT_LIMIT - 1] + "…"


def _header(name: str) -> Getter:
    wanted = name.encode("ascii").lower()

    def get(seen: Seen) -> str:
        if seen.head is None:
            return ""
        return text(b", ".join(value for field, value in seen.head.fields if field == wanted))

    return get


def _of_head(get: Callable[[RequestHead], bytes]) -> Getter:
    return lambda seen: "" if seen.head is None else text(get(seen.head))


def _of_upstream(get: Callable[[Observation], float | None]) -> Getter:
    def rounded(seen: Seen) -> float | None:
        value = None if seen.observed is None else get(seen.observed)
        return None if value is None else round(value, 6)

    return rounded


def _trace(seen: Seen) -> str:
    if seen.observed is not None and seen.observed.trace is not None:
        return seen.observed.trace.trace.decode("ascii")
    context = None if seen.head is None else trace_context.read(seen.head.fields)
    return "" if context is None else context.trace.decode("ascii")


def _http(seen: Seen) -> str:
    return "" if seen.head is None else f"HTTP/1.{seen.head.version}"


def _of_tls(get: Callable[[Any], str | None]) -> Getter:
    def found(seen: Seen) -> str:
        transport = None if seen.connection is None else seen.connection.transport
        tls = None if transport is None else transport.get_extra_info("ssl_object")
        return "" if tls is None else get(tls) or ""

    return found


def _server_name(seen: Seen) -> str:
    secured = None if seen.connection is None else seen.connection.secured
    return "" if secured is None else text(secured.name.encode("utf-8", "backslashreplace"))


FIELDS: Mapping[str, Getter] = {
    "time": lambda seen: seen.time,
    "request_id": lambda seen: text(seen.request_id),
    "client": lambda seen: seen.client,
    "peer": lambda seen: seen.peer,
    "application": lambda seen: seen.application,
    "release": lambda seen: seen.release,
    "rule": lambda seen: seen.rule,
    "method": _of_head(lambda head: head.method),
    "scheme": lambda seen: seen.scheme,
    "host": _of_head(lambda head: head.host),
    "path": _of_head(lambda head: head.target.partition(b"?")[0]),
    "protocol": _http,
    "status": lambda seen: seen.status,
    "sent": lambda seen: seen.sent,
    "received": lambda seen: seen.received,
    "seconds": lambda seen: round(seen.seconds, 6),
    "upstream": lambda seen: seen.upstream,
    "endpoint": lambda seen: "" if seen.address is None else shown(seen.address),
    "attempts": lambda seen: seen.attempts,
    "upstream_status": lambda seen: None if seen.observed is None else seen.observed.status,
    "upstream_connect_seconds": _of_upstream(lambda observed: observed.connect_seconds),
    "upstream_header_seconds": _of_upstream(lambda observed: observed.header_seconds),
    "upstream_seconds": _of_upstream(lambda observed: observed.seconds),
    "referer": _header("referer"),
    "user_agent": _header("user-agent"),
    "trace_id": _trace,
    "tls_version": _of_tls(lambda tls: tls.version()),
    "tls_cipher": _of_tls(lambda tls: (tls.cipher() or ("",))[0]),
    "tls_server_name": _server_name,
    "error": lambda seen: printable(seen.error)[:TEXT_LIMIT],
}
"""Name → what makes its value. Text is empty, and a number null, where there is nothing to say."""

OBSERVED = frozenset(name for name in FIELDS if name.startswith("upstream_"))
"""Fields for which endpoints' answers are timed."""


def problem(names: Iterable[str]) -> str | None:
    """What is wrong with a choice of fields; None: nothing."""
    chosen = list(names)
    if len(chosen) > FIELDS_LIMIT:
        return f"expected at most {FIELDS_LIMIT} fields, got {len(chosen)}"
    twice = next((name for name in chosen if chosen.count(name) > 1), None)
    if twice is not None:
        return f"{twice} is there twice"
    for name in chosen:
        header = name.removeprefix("header.")
        if header == name:
            if name not in FIELDS:
                return f"there is no field {name[:100]!r}; there are header.NAME and {', '.join(FIELDS)}"
        elif _name(header) is None:
            return f"{header[:100]!r} is no name of a header"
        elif header.lower() in SECRET:
            return f"the header {header} carries credentials, which never stand in a log"
    return None


class Choice:
    """Makes a line of the chosen fields, in their order. ValueError for a choice with a problem."""

    __slots__ = ("_getters", "observes")

    def __init__(self, names: Iterable[str]) -> None:
        chosen = list(names)
        wrong = problem(chosen)
        if wrong is not None:
            raise ValueError(wrong)
        self.observes = any(name in OBSERVED for name in chosen)
        self._getters = [
            (name, _header(name.removeprefix("header.")) if name.startswith("header.") else FIELDS[name])
            for name in chosen
        ]

    def __repr__(self) -> str:
        return f"<Choice {' '.join(name for name, _ in self._getters)}>"

    def line(self, seen: Seen) -> dict[str, Any]:
        """The fields' values."""
        return {name: get(seen) for name, get in self._getters}
