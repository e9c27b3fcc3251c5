import asyncio
import time

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState

from edge.admin.server import HttpServer, KeepAliveProtocol, Listen


@pytest.mark.parametrize(
    ("text", "host", "port", "everywhere"),
    [
        ("127.0.0.1:8001", "127.0.0.1", 8001, False),
        ("localhost:0", "localhost", 0, False),
        ("[::1]:8001", "::1", 8001, False),
        ("[::]:8001", "::", 8001, True),
        ("0.0.0.0:8001", "0.0.0.0", 8001, True),
        (":8001", "0.0.0.0", 8001, True),
    ],
)
def test_an_address_to_listen_on_is_read(text, host, port, everywhere):
    listen = Listen.parse(text)
    assert (listen.host, listen.port, listen.everywhere) == (host, port, everywhere)


@pytest.mark.parametrize("text", ["", "8001", "localhost", "localhost:", "localhost:http", "h:65536", "h:-1", "::1:80"])
def test_anything_else_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="but got"):
        Listen.parse(text)


class Transport(asyncio.Transport):
    def get_extra_info(self, name, default=None):
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def write(self, data):
        pass

    def is_closing(self):
        return False


async def test_the_keep_alive_timer_of_a_connection_that_was_reset_is_cancelled():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    config = uvicorn.Config(app, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    protocol = KeepAliveProtocol(config, state, {})
    protocol.connection_made(Transport())
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await asyncio.gather(*state.tasks)
    timer = protocol.timeout_keep_alive_task
    assert not timer.cancelled()
    protocol.connection_lost(ConnectionResetError())
    assert timer.cancelled()


async def serve(app, ending):
    server = HttpServer(Listen(port=0))
    server.bind()
    ready = asyncio.Event()
    serving = asyncio.create_task(server.serve(app, ending, ready.set))
    await ready.wait()
    return server.url, serving


async def test_an_end_with_nothing_in_flight_is_at_once_also_with_connections_open():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    ending = asyncio.Event()
    url, serving = await serve(app, ending)
    async with httpx.AsyncClient(trust_env=False) as client:
        assert "date" in (await client.get(url)).headers
        started = time.perf_counter()
        ending.set()
        await serving
    assert time.perf_counter() - started < 0.09  # uvicorn's own end looks every 0.1 s


async def test_a_request_in_flight_is_answered_before_the_end():
    asked, ending = asyncio.Event(), asyncio.Event()

    async def app(scope, receive, send):
        asked.set()
        await ending.wait()
        await asyncio.sleep(0.02)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    url, serving = await serve(app, ending)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = asyncio.create_task(client.get(url))
        await asked.wait()
        ending.set()
        assert (await answer).status_code == 204
        await serving
