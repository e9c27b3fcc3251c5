"""A request's body on its way."""

from __future__ import annotations

from edge.gateway.http.head import CHUNKED
from edge.gateway.http.request_body import RequestBody


def test_a_body_of_known_length_passes_as_it_is() -> None:
    body = RequestBody(3)
    assert body.take(b"ab", False) == b"ab"
    assert body.take(b"c", True) == b"c"
    assert body.held == [b"ab", b"c"]


def test_a_chunked_body_is_framed_anew_and_ended_once() -> None:
    body = RequestBody(CHUNKED)
    assert body.take(b"", False) == b""
    assert body.take(b"ab", False) == b"2\r\nab\r\n"
    assert body.take(b"c", True) == b"1\r\nc\r\n0\r\n\r\n"


def test_only_a_small_body_is_kept_once_it_was_passed_on() -> None:
    body = RequestBody(15)
    body.take(b"a" * 10, False)
    body.passed_on(10)
    assert body.held is not None
    body.take(b"a", True)
    assert body.held is not None
    body.passed_on(10)
    assert body.held is None
    assert body.take(b"more", True) == b"more"
    assert body.held is None


def test_a_body_is_too_long_by_what_its_head_says_or_by_what_came() -> None:
    said, streamed = RequestBody(3), RequestBody(CHUNKED)
    for body in (said, streamed):
        body.take(b"abc", False)
        assert not body.is_too_long
        body.limit = 3
        assert not body.is_too_long
    said.limit = 2
    assert said.is_too_long
    streamed.take(b"d", True)
    assert streamed.is_too_long
