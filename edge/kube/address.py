"""Where a Kubernetes API server is and how Edge identifies itself to it."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import msgspec

_HOST_NAME = re.compile(r"(?=.{1,253}\.?$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]{1,63}\.?")
_TOKEN = re.compile(r"[\x21-\x7e]+")


class ClusterAddress(msgspec.Struct, frozen=True):
    """An API server's host and port, how its certificate is checked, and the bearer token. Timeouts are seconds.

    `ca_certificate` is PEM text; without it the system's authorities are trusted. The token never appears in a repr.
    """

    host: str
    port: int = 6443
    ssl_verify: bool = True
    ca_certificate: str | None = None
    token: str = ""
    connect_timeout: float = 5.0
    read_timeout: float = 10.0

    def __repr__(self) -> str:
        return f"<ClusterAddress {self.url}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("url", self.url)]  # msgspec's own has every field, and rich prints it with a traceback's locals

    @property
    def url(self) -> str:
        """https://host:port, IPv6 in brackets."""
        host = self.host.strip("[]")
        return f"https://[{host}]:{self.port}" if ":" in host else f"https://{host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether the API server is named by a loopback address (or localhost): then its pods may be too."""
        host = self.host.strip("[]").rstrip(".").lower()
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def problem(self) -> str | None:
        """Why nothing can be asked of this address, or None. Never quotes the token."""
        host = self.host.strip("[]")
        if not _is_host(host):
            return f"{self.host[:100]!r} is not a host name or an IP address (without https:// and without a path)"
        if not 1 <= self.port <= 65535:
            return f"port {self.port} is not between 1 and 65535"
        if self.token and not _TOKEN.fullmatch(self.token):
            return "the token has spaces, line breaks or other characters that no token has; copy it again, in one line"
        return None


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _HOST_NAME.fullmatch(host) is not None
    return "%" not in host
