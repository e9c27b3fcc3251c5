"""Chunked bodies: read in any pieces, refused when two readers could disagree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.http.chunks import LAST, ChunkReader, encode
from edge.gateway.http.head import MalformedError


def read(*pieces: bytes) -> tuple[bytes, bytes | None]:
    reader = ChunkReader()
    payload = b""
    rest: bytes | None = None
    for piece in pieces:
        assert rest is None
        part, rest = reader.feed(piece)
        payload += part
    return payload, rest


@pytest.mark.parametrize(
    ("data", "payload", "rest"),
    [
        (b"0\r\n\r\n", b"", b""),
        (b"5\r\nhello\r\n0\r\n\r\nGET", b"hello", b"GET"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", b""),
        (b"00005\r\nhello\r\n000\r\n\r\n", b"hello", b""),
        (b"5;name=value\r\nhello\r\n0;last\r\n\r\n", b"hello", b""),
        (b'5 ;a="b"\r\nhello\r\n0\r\n\r\n', b"hello", b""),
        (b'5;a=b;c ; d = "e;\\" f"\r\nhello\r\n0\r\n\r\n', b"hello", b""),
        (b"0\r\nX-Trailer: 1\r\nY:\r\n\r\nrest", b"", b"rest"),
        (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n", b""),
    ],
)
def test_a_chunked_body_is_read(data: bytes, payload: bytes, rest: bytes) -> None:
    assert read(data) == (payload, rest)
    assert read(*(bytes([byte]) for byte in data[: len(data) - len(rest)])) == (payload, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhelloo\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5_0\r\nhello\r\n",
        b"g\r\nhello\r\n",
        b"5;a\x00\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"5;\r\nhello\r\n",
        b"5;;a\r\nhello\r\n",
        b"5;a=\r\nhello\r\n",
        b'5;a="b\r\nhello\r\n',
        b'5;a="b"c\r\nhello\r\n',
        b"5;a b\r\nhello\r\n",
        b"5;a=b \r\nhello\r\n",
        b"5;a\xe4\r\nhello\r\n",
        b"1" * 16 + b"\r\n",
        b"5;" + b"a" * 300 + b"\r\nhello\r\n",
        b"5" * 300,
        b"0\r\nbad trailer\r\n\r\n",
        b"0\r\n folded: 1\r\n\r\n",
        b"0\r\nX: 1\n\r\n",
        b"0\r\n" + b"X: 123456789\r\n" * 1000 + b"\r\n",
        b"5\r\nhello\r\r\n",
    ],
)
def test_a_malformed_chunked_body_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        read(data)
    assert caught.value.status == 400


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(1, 30), max_size=30), st.binary(max_size=5))
def test_what_is_encoded_is_read_again_however_it_is_cut(bodies: list[bytes], cuts: list[int], rest: bytes) -> None:
    data = b"".join(map(encode, bodies)) + LAST
    reader = ChunkReader()
    payload = b""
    for cut in cuts:
        if len(data) <= cut:
            break
        part, ended = reader.feed(data[:cut])
        payload += part
        data = data[cut:]
        assert ended is None
    part, left = reader.feed(data + rest)
    assert payload + part == b"".join(bodies)
    assert left == rest


def test_memory_is_bounded_while_a_large_chunk_passes() -> None:
    reader = ChunkReader()
    assert reader.feed(b"3b9aca00\r\n")[0] == b""
    for _ in range(10):
        assert reader.feed(b"x" * 1000) == (b"x" * 1000, None)
    assert reader._held == b""
