from __future__ import annotations

import pytest

from edge.gateway.http.head import MalformedError
from edge.gateway.http.start import check_start, first_fault


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00", 400),
        (b"GET / HTTP/1.1\r\nHost: a\rX", 400),
        (b"GET /" + b"a" * 9000, 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 40000, 431),
    ],
)
def test_the_start_of_a_head_that_can_never_be_good_is_refused_at_once(start: bytes, status: int) -> None:
    with pytest.raises(MalformedError) as caught:
        check_start(start, 32768, 8192)
    assert caught.value.status == status


def test_every_start_of_a_good_head_is_waited_for() -> None:
    head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: a\tb\r\n\r\n"
    for end in range(len(head)):
        check_start(head[:end], 32768, 8192)


def test_a_whole_head_is_refused_for_what_its_start_was_refused_for() -> None:
    later = MalformedError(400, "a header line is not a name, a colon, a value and CRLF")
    assert first_fault(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40000, later, 32768, 8192).status == 431
    assert first_fault(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", later, 32768, 8192) is later
