"""The token that a request brings, of an API's caller or of a gateway server."""

from __future__ import annotations

from starlette.datastructures import Headers

from edge.admin.errors import Unauthorized

LONGEST_TOKEN = 1024


def bearer(headers: Headers) -> str:
    """The token of `Authorization: Bearer TOKEN` (RFC 6750, section 2.1); Unauthorized without exactly one."""
    values = headers.getlist("authorization")
    if not values:
        raise Unauthorized("expected the header Authorization: Bearer TOKEN")
    scheme, _, token = values[0].partition(" ")
    token = token.strip()
    if len(values) > 1 or scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN or not token.isascii():
        raise Unauthorized("expected one header Authorization: Bearer TOKEN, with an API token")
    return token
