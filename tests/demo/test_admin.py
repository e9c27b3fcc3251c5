import asyncio

import httpx
import pytest

from edge.demo.admin import AdminClient
from edge.demo.processes import DemoError


class Events(httpx.AsyncByteStream):
    """A stream of events that the test feeds."""

    def __init__(self):
        self.lines = asyncio.Queue()

    async def __aiter__(self):
        while True:
            yield await self.lines.get()


def transport(events, answers):
    async def answer(request):
        if request.url.path == "/api/v1/events":
            return httpx.Response(200, stream=events)
        assert request.headers["authorization"] == "Bearer secret"
        status, body = answers(request)
        return httpx.Response(status, json=body)

    return httpx.MockTransport(answer)


async def test_a_condition_is_read_again_after_every_event():
    events, reads, read = Events(), [], asyncio.Event()

    def answers(request):
        reads.append(request.url.path)
        read.set()
        return 200, {"count": len(reads)}

    async with AdminClient("http://admin", "secret", transport(events, answers)) as admin:
        waiting = asyncio.create_task(
            admin.until("two reads", lambda: admin.get("things"), lambda view: view["count"] == 2, within=5)
        )
        await read.wait()
        events.lines.put_nowait(b'data: {"id": "x"}\n\n')
        assert await waiting == {"count": 2}
    assert reads == ["/api/v1/things", "/api/v1/things"]


async def test_a_condition_that_never_holds_says_what_was_expected_and_last_seen():
    async with AdminClient("http://admin", "secret", transport(Events(), lambda _: (200, {"count": 1}))) as admin:
        with pytest.raises(DemoError, match=r"expected three within 0.01 s, last seen: \{'count': 1\}"):
            await admin.until("three", lambda: admin.get("things"), lambda view: view["count"] == 3, within=0.01)


async def test_a_refusal_is_told_in_the_api_s_own_words():
    refusal = {"error": {"code": "conflict", "message": "the name is in use"}}
    async with AdminClient("http://admin", "secret", transport(Events(), lambda _: (409, refusal))) as admin:
        with pytest.raises(DemoError, match="POST things answered 409: the name is in use"):
            await admin.create("things", {"name": "x"})
