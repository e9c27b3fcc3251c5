import asyncio

from starlette.responses import StreamingResponse

from edge import virtual_time
from edge.admin.middleware.ending import Ending


def run_until_ended(media_type, sent=None):
    """A response that streams until its client is gone, with `ending` set after 10 s; its end, in seconds. `sent`
    collects its messages."""

    async def endless():
        while True:
            yield b": still here\n\n"
            await asyncio.sleep(1)

    async def main():
        ending = asyncio.Event()

        async def app(scope, receive, send):
            await StreamingResponse(endless(), media_type=media_type)(scope, receive, send)

        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            if sent is not None:
                sent.append(message)

        loop = asyncio.get_running_loop()
        loop.call_later(10, ending.set)
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        try:
            async with asyncio.timeout(30):
                await Ending(app, ending)(scope, receive, send)
        except TimeoutError:
            return None
        return loop.time()

    return virtual_time.run(main())


def test_an_event_stream_ends_when_the_admin_does():
    assert 10 <= run_until_ended("text/event-stream") < 11


def test_an_event_stream_that_ends_so_is_whole_to_its_client():
    sent = []
    run_until_ended("text/event-stream", sent)
    assert [message.get("more_body", False) for message in sent[1:-1]] == [True] * (len(sent) - 2)
    assert sent[-1] == {"type": "http.response.body", "body": b""}


def test_an_ordinary_answer_is_not_cut_off():
    assert run_until_ended("text/plain") is None
