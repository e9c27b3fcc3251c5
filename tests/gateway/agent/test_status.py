import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from edge.gateway.agent.status import Page, StatusServer, request_line, response, text
from edge.gateway.listening import ListenAddress, bind


async def hello():
    return Page(200, b"hello\n", "text/plain")


async def fails():
    raise KeyError("secret")


@pytest.fixture
async def port():
    sock = bind(ListenAddress("127.0.0.1", 0), "--status-listen")
    server = StatusServer({"/-/hello": hello, "/-/fails": fails})
    await server.start(sock)
    yield sock.getsockname()[1]
    await server.close()


async def ask(port, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_page_is_answered_with_its_length_and_the_connection_closed(port):
    answer = await ask(port, b"GET /-/hello?x=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 6\r\n" in head + b"\r\n"
    assert b"connection: close" in head
    assert body == b"hello\n"


async def test_head_is_answered_without_the_body(port):
    answer = await ask(port, b"HEAD /-/hello HTTP/1.1\r\n\r\n")
    assert b"content-length: 6" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"POST /-/hello HTTP/1.1\r\n\r\n", 405),
        (b"GET /-/hello\r\n\r\n", 400),
        (b"GET /-/hello HTTP/2.0\r\n\r\n", 400),
        (b"\x16\x03\x01\xff\x00\r\n\r\n", 400),
    ],
)
async def test_other_requests_are_refused(port, request_bytes, status):
    answer = await ask(port, request_bytes)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_a_page_that_fails_is_a_500_without_the_error_and_the_log_has_it(port):
    with capture_logs() as logs:
        answer = await ask(port, b"GET /-/fails HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert logs[0]["path"] == "/-/fails"


async def test_a_head_that_is_too_long_ends_the_connection(port):
    assert await ask(port, b"GET /-/hello HTTP/1.1\r\n" + b"a: b\r\n" * 4000) == b""


async def test_a_client_that_goes_away_harms_nobody(port):
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.send(b"GET /-/he")
    assert b"200 OK" in await ask(port, b"GET /-/hello HTTP/1.1\r\n\r\n")


def test_a_request_line_is_three_words_of_http_1():
    assert request_line(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n") == ("GET", "/x")
    for line in (b"", b"GET", b"GET  /x HTTP/1.1", b"GET x HTTP/1.1", b"GET /x HTTP/0.9"):
        assert request_line(line + b"\r\n\r\n") == ("", "")


def test_405_says_what_is_allowed():
    assert b"allow: GET, HEAD\r\n" in response(text(405, "no"))
