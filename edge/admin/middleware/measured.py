"""Counts and times requests for the Admin's own metrics."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.admin.metrics import Metrics
from edge.admin.middleware.ending import is_event_stream
from edge.clock import precise


class Measured:
    """Counts and times every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = precise()
        stream = False

        async def send_counted(message: Message) -> None:
            nonlocal stream
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(_method(scope), f"{message['status'] // 100}xx").inc()
                stream = is_event_stream(message)
                if stream:
                    self._metrics.streams.inc()
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            if stream:
                self._metrics.streams.dec()
            else:
                self._metrics.seconds.observe(precise() - began)


def _method(scope: Scope) -> str:
    """The method, or `other`: a client must not be able to make labels without end."""
    method: str = scope["method"]
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
