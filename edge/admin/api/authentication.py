"""Who asks: the API knows bearer tokens only, so that a browser's cookies can never act through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from edge.admin.actor import Actor
from edge.admin.errors import Unauthorized

if TYPE_CHECKING:
    from edge.admin.admin import Admin

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


async def authenticate(admin: Admin, headers: Headers) -> Actor:
    """Whose token the request carries."""
    return await admin.tokens.authenticate(bearer(headers))
