"""Errors become answers: JSON for programs, a page for people. What nobody foresaw is logged, and told to nobody."""

from __future__ import annotations

import html
from http import HTTPStatus

import structlog
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.admin.api.answers import error_answer
from edge.admin.errors import AdminError

log = structlog.get_logger("edge.admin")

_PROGRAMS = ("/api/", "/gateway/", "/healthz", "/readyz", "/metrics")


class Failures:
    """Answers AdminErrors and whatever else is raised."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            return
        except Exception as error:
            foreseen = _foreseen(scope, error)
            if not started:
                await answer_of(HTTPConnection(scope), foreseen)(scope, receive, send)
            elif foreseen is not error:
                raise  # the server breaks the connection off: half an answer must not look whole


def _foreseen(scope: Scope, error: Exception) -> AdminError:
    if isinstance(error, AdminError):
        return error
    log.error("request failed", path=scope["path"], method=scope.get("method", "-"), exc_info=error)
    return AdminError("something went wrong here; the Admin's log says more")


def answer_of(request: HTTPConnection, error: AdminError, headers: dict[str, str] | None = None) -> Response:
    """The answer to `request` for `error`."""
    if request.scope["path"].startswith(_PROGRAMS):
        return error_answer(error, headers)
    page = plain_page(error)
    page.headers.update(headers or {})
    return page


def plain_page(error: AdminError) -> Response:
    """A page with the error and nothing else."""
    title = html.escape(HTTPStatus(error.status).phrase)
    content = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · Edge</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/console.css"></head>
<body><h1>{title}</h1><p>{html.escape(error.message)}</p><p><a href="/">Back to the console</a></p></body></html>
"""
    return HTMLResponse(content, error.status)
