"""The gateway's own answers."""

from __future__ import annotations

import pytest

from edge.gateway.http import answers

DATE = b"date: Mon, 23 Nov 2026 00:00:00 GMT\r\n"


@pytest.mark.parametrize("status", [400, 404, 408, 414, 417, 431, 501, 502, 503, 504, 505, 508])
def test_an_answer_is_short_and_has_the_requests_id(status: int) -> None:
    head, _, body = answers.build(status, b"abc", DATE).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nx-request-id: abc" in head
    assert b"\r\ncontent-length: %d\r\n" % len(body) in head
    assert body.endswith(b"request abc\n")
    assert len(body) < 200


def test_head_gets_the_length_without_the_body_and_204_neither() -> None:
    assert b"content-length: 5" in answers.respond(200, b"hello", b"abc", DATE, without_body=True)
    assert not answers.respond(200, b"hello", b"abc", DATE, without_body=True).endswith(b"hello")
    assert b"content-length" not in answers.respond(204, b"hello", b"abc", DATE)
    assert answers.respond(304, b"hello", b"abc", DATE).endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("keep_alive", "version", "line"),
    [(True, 1, b""), (True, 0, b"connection: keep-alive\r\n"), (False, 1, b"connection: close\r\n")],
)
def test_connection_is_said_only_where_the_version_does_not(keep_alive: bool, version: int, line: bytes) -> None:
    assert answers.connection_field(keep_alive, version) == line


def test_phrases_are_those_of_rfc_9110() -> None:
    said = {status: answers.build(status, b"abc", DATE).partition(b"\r\n")[0] for status in (413, 414, 416, 422)}
    assert said == {
        413: b"HTTP/1.1 413 Content Too Large",
        414: b"HTTP/1.1 414 URI Too Long",
        416: b"HTTP/1.1 416 Range Not Satisfiable",
        422: b"HTTP/1.1 422 Unprocessable Content",
    }


def test_a_status_without_a_registered_phrase_has_a_line() -> None:
    assert answers.STATUS_LINES[499] == b"HTTP/1.1 499 \r\n"
