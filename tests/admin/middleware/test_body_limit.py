import pytest

from edge.admin.errors import BadRequest, TooLarge
from edge.admin.middleware.body_limit import BodyLimit


async def read_through(chunks, headers=(), limit=10):
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    body = b""

    async def receive():
        return messages.pop(0)

    async def app(scope, receive, send):
        nonlocal body
        more = True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]

    await BodyLimit(app, limit)({"type": "http", "headers": list(headers)}, receive, None)
    return body


async def test_a_body_up_to_the_limit_passes_whole():
    assert await read_through([b"01234", b"56789"]) == b"0123456789"


async def test_a_longer_body_without_a_length_is_cut_off():
    with pytest.raises(TooLarge, match="10 bytes"):
        await read_through([b"01234", b"567890"])


async def test_a_longer_length_is_refused_before_anything_is_read():
    with pytest.raises(TooLarge):
        await read_through([], [(b"content-length", b"11")])


async def test_an_endless_length_is_refused():
    with pytest.raises(TooLarge):
        await read_through([], [(b"content-length", b"9" * 5000)])


@pytest.mark.parametrize("length", [b"-1", b"ten", b"1_0", b""])
async def test_a_length_that_is_no_number_is_a_bad_request(length):
    with pytest.raises(BadRequest):
        await read_through([], [(b"content-length", length)])
