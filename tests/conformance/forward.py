"""A proxy that stands before a live cluster and tells of every exchange.

Who shows its token is given the kubeconfig's identity; everybody else is passed on as he comes, without it, so that a
bad token is refused and nobody stays nobody.
"""

from __future__ import annotations

import asyncio

import httpx

from simulator.api.exchange import Receive, Scope, Send
from tests.conformance.exchanges import Tell, tell_nobody, told

NOT_PASSED = {"connection", "transfer-encoding", "keep-alive", "upgrade", "host", "content-length"}


class Forward:
    """An application that asks another server; `known` has the kubeconfig's identity, `unknown` has none."""

    def __init__(self, token: str, known: httpx.AsyncClient, unknown: httpx.AsyncClient) -> None:
        self._token = f"Bearer {token}"
        self._known, self._unknown = known, unknown
        self.tell: Tell = tell_nobody
        self.ending = False

    def close_streams(self) -> None:
        """They end with their readers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await told(self.tell, self._answer, scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, client = await self._request(scope, receive)
        gone = asyncio.ensure_future(receive())
        passing = asyncio.ensure_future(_pass_on(client, asked, send))
        await asyncio.wait({gone, passing}, return_when=asyncio.FIRST_COMPLETED)
        for task in (gone, passing):
            task.cancel()
        broken = (await asyncio.gather(passing, gone, return_exceptions=True))[0]
        if isinstance(broken, Exception):
            scope["extensions"]["simulator.abort"]()

    async def _request(self, scope: Scope, receive: Receive) -> tuple[httpx.Request, httpx.AsyncClient]:
        headers = {key.decode(): value.decode() for key, value in scope["headers"] if key.decode() not in NOT_PASSED}
        client = self._unknown
        if headers.get("authorization") == self._token:
            client = self._known
            del headers["authorization"]
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode().partition("?")[0] + (f"?{query}" if query else "")
        asked = client.build_request(scope["method"], target, headers=headers, content=body or None, timeout=None)
        for added in {"accept", "accept-encoding", "user-agent"} - headers.keys():
            asked.headers.pop(added, None)
        return asked, client


async def _pass_on(client: httpx.AsyncClient, asked: httpx.Request, send: Send) -> None:
    answer = await client.send(asked, stream=True)
    try:
        headers = [(key.lower(), value) for key, value in answer.headers.raw]
        headers = [(key, value) for key, value in headers if key.decode() not in NOT_PASSED - {"content-length"}]
        chunks = answer.aiter_raw()
        # What has an end is fetched whole first: a client that goes after the head must not hide the body.
        body = b"".join([chunk async for chunk in chunks]) if "content-length" in answer.headers else b""
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if "content-length" not in answer.headers:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        await answer.aclose()
