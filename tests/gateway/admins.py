"""A small Admin's end of the gateway connection: lets in whom it is told to, and is a hub."""

import asyncio
import http
import json

from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

from edge.wire.hub import Hub
from edge.wire.websocket import WebSocketChannel


class FakeAdmin:
    """`refusal` is None or (status, body). `knocks` are the headers of all who came."""

    def __init__(self, hub=None, refusal=None, tls=None):
        self.hub = hub or Hub()
        self.refusal = refusal
        self.knocks = []
        self._knocked = asyncio.Condition()
        self._tls = tls
        self._server = None
        self.port = 0

    async def __aenter__(self):
        self._server = await serve(
            self._gateway, "127.0.0.1", self.port, process_request=self._knock, ssl=self._tls, compression=None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def refuse(self, status, message):
        self.refusal = (status, json.dumps({"error": {"code": "refused", "message": message}}).encode())

    async def until_knocks(self, number):
        """Wait until this many have come."""
        async with self._knocked:
            await self._knocked.wait_for(lambda: len(self.knocks) >= number)

    async def _knock(self, connection, request):
        self.knocks.append((request.path, request.headers))
        async with self._knocked:
            self._knocked.notify_all()
        if self.refusal is None:
            return None
        status, body = self.refusal
        headers = Headers([("content-length", str(len(body))), ("location", "http://127.0.0.1:1/elsewhere")])
        return Response(status, http.HTTPStatus(status).phrase, headers, body)

    async def _gateway(self, connection):
        name = connection.request.headers["edge-gateway-name"]
        await self.hub.serve(WebSocketChannel(connection), "p1", name)
