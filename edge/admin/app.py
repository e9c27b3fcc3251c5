"""The Admin's web application: the API, the gateways' socket, the console, health and metrics, behind one stack of
middleware."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from edge.admin import console
from edge.admin.api import routes as api
from edge.admin.errors import AdminError, BadRequest, NotFound
from edge.admin.gateways import connection
from edge.admin.metrics import Metrics
from edge.admin.middleware.body_limit import BodyLimit
from edge.admin.middleware.ending import Ending
from edge.admin.middleware.failures import Failures, answer_of
from edge.admin.middleware.hosts import Hosts
from edge.admin.middleware.measured import Measured
from edge.admin.middleware.security import SecurityHeaders

if TYPE_CHECKING:
    from edge.admin.admin import Admin

MAX_BODY = 2 * 1024 * 1024


class AppSettings(msgspec.Struct, frozen=True):
    """`hosts` are the names this Admin answers to besides loopback ones; `everywhere`: it listens on all addresses, so
    it also answers to the one a connection came in on. `max_body` is in bytes."""

    hosts: tuple[str, ...] = ()
    everywhere: bool = False
    max_body: int = MAX_BODY


class MethodNotAllowed(AdminError):
    """The path exists, but not with this method."""

    status, code = 405, "method-not-allowed"


def build(admin: Admin, settings: AppSettings | None = None, ending: asyncio.Event | None = None) -> Starlette:
    """The application over `admin`. Setting `ending` ends its event streams at once."""
    settings = settings or AppSettings()
    metrics = Metrics()
    app = Starlette(
        routes=_routes(admin, metrics),
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Measured, metrics),
            Middleware(Failures),
            Middleware(Hosts, settings.hosts, settings.everywhere),
            Middleware(BodyLimit, settings.max_body),
            Middleware(Ending, ending or asyncio.Event()),
        ],
        exception_handlers={HTTPException: _foreseen},
    )
    # a redirect to the same path without a slash would lose a PUT's body in many clients
    app.router.redirect_slashes = False
    return app


def _routes(admin: Admin, metrics: Metrics) -> Sequence[BaseRoute]:
    async def ready(request: Request) -> Response:
        if await admin.ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("the database does not answer\n", 503)

    async def scrape(request: Request) -> Response:
        content, content_type = await metrics.scrape(admin)
        return Response(content, headers={"content-type": content_type})

    return [
        Route("/healthz", _healthy, methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
        Route("/metrics", scrape, methods=["GET"]),
        *connection.routes(admin, metrics),
        *api.routes(admin),
        *console.routes(admin),
    ]


async def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _foreseen(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no route, wrong method, unreadable form) as ours."""
    assert isinstance(error, HTTPException)
    return answer_of(request, _as_admin_error(error, request.url.path), headers=dict(error.headers or {}))


def _as_admin_error(error: HTTPException, path: str) -> AdminError:
    if error.status_code == 404:
        return NotFound(f"there is nothing at {path[:200]}")
    if error.status_code == 405:
        return MethodNotAllowed(f"only {(error.headers or {}).get('Allow', 'other methods')} can be used here")
    return BadRequest(str(error.detail)[:300])
