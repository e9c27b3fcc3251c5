"""The Host allow-list: a name that is not ours is refused, so that a foreign page cannot make its own name point here
(DNS rebinding) and be taken for us by the browser."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.admin.errors import BadRequest

_PROBES = ("/healthz", "/readyz")


class HostNotAllowed(BadRequest):
    """The request names a host that this Admin does not answer to."""

    code = "host-not-allowed"


class Hosts:
    """Lets a request through whose Host is `allowed`, localhost, a loopback address, or, when `everywhere` (listening
    on all addresses), the very address the connection came in on. Health probes name whatever they like."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str], everywhere: bool = False) -> None:
        self._app = app
        self._allowed = frozenset(_plain(host) for host in allowed) | {"localhost"}
        self._everywhere = everywhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope["path"] not in _PROBES:
            hosts = Headers(scope=scope).getlist("host")
            if len(hosts) != 1 or not self._lets(host_of(hosts[0]), scope):
                raise HostNotAllowed(_refusal(hosts))
        await self._app(scope, receive, send)

    def _lets(self, host: str, scope: Scope) -> bool:
        if host in self._allowed:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        here = scope.get("server")
        return address.is_loopback or (self._everywhere and here is not None and host == _plain(here[0]))


def host_of(header: str) -> str:
    """The host of a Host header, without port and brackets, in lower case; empty when it has none."""
    if header.startswith("["):
        return _plain(header.partition("]")[0][1:])
    return _plain(header.partition(":")[0])


def _plain(host: str) -> str:
    """As it is compared: IP addresses in their one short form, names in lower case without the final dot."""
    text = host.strip().strip("[]").lower().removesuffix(".")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def _refusal(hosts: list[str]) -> str:
    if len(hosts) != 1:
        return f"expected one Host header, but got {len(hosts)}"
    host = host_of(hosts[0])[:100]
    shown = host if host.isprintable() and host.isascii() else "that came"
    return f"this Admin does not answer to the host {shown}; if it should, start it with --allowed-host {shown}"
