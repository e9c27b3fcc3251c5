"""A request as page rules read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edge.rules import names, paths

Fields = Sequence[tuple[bytes, bytes]]
"""(lower-case name, value) of every header line, in order."""


class Connection(Protocol):
    """What a request came over; asked only by rules that speak of it."""

    @property
    def server(self) -> tuple[str, str]:
        """The address and the port that the client connected to, empty where there is none."""


class Nowhere:
    """The connection of a request that came over none."""

    server = ("", "")


NOWHERE = Nowhere()


class Request:
    """What conditions and templates read. Text is `edge.rules.names.text` of the bytes that came.

    `target` is in origin form or `*`; `path` is normalised and decoded (`edge.rules.paths`), `raw_path` and
    `query_string` (without `?`) are as sent; `host` is lower case without port and trailing dot; `http_version` is
    `1.0`, `1.1` or `2`. `application` (its name) and `release` (its version) are filled in by the application that
    decides.
    """

    __slots__ = (
        "application",
        "client_address",
        "connection",
        "headers",
        "host",
        "http_version",
        "method",
        "path",
        "query_string",
        "raw_path",
        "release",
        "request_id",
        "scheme",
    )

    def __init__(
        self,
        *,
        method: str = "GET",
        target: str = "/",
        host: str = "",
        scheme: str = "http",
        client_address: str = "",
        http_version: str = "1.1",
        headers: Fields = (),
        request_id: str = "",
        application: str = "",
        release: str = "",
        connection: Connection = NOWHERE,
    ) -> None:
        """Raises BadPathError (`edge.rules.errors`), the client's fault, when the path cannot be normalised."""
        self.method = method
        self.raw_path, _, self.query_string = target.partition("?")
        self.path = paths.normalise(self.raw_path)
        self.host = names.host_of(host)
        self.scheme = scheme
        self.client_address = client_address
        self.http_version = http_version
        self.headers = headers
        self.request_id = request_id
        self.application = application
        self.release = release
        self.connection = connection

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.scheme}://{self.host}{self.raw_path}>"

    def header(self, name: bytes) -> str | None:
        """A header's value by its lower-case name, None when it was not sent. Several lines are joined as
        RFC 9110 5.3 says, those of Cookie as RFC 9113 8.2.3 says."""
        found: bytes | None = None
        for field, value in self.headers:
            if field == name:
                found = value if found is None else found + (b"; " if name == b"cookie" else b", ") + value
        return None if found is None else names.text(found)
