"""Who asks: the API knows bearer tokens only, so that a browser's cookies can never act through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from edge.admin.access.bearer import bearer
from edge.admin.actor import Actor

if TYPE_CHECKING:
    from edge.admin.admin import Admin


async def authenticate(admin: Admin, headers: Headers) -> Actor:
    """Whose token the request carries."""
    return await admin.tokens.authenticate(bearer(headers))
