"""Heads of requests and responses: what is read, what is refused, and a second parser's opinion."""

# ruff: noqa: E501 (one case a line: the table reads as a table)

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.http.head import (
    CHUNKED,
    UNTIL_CLOSE,
    MalformedError,
    read_request,
    read_response,
)

MALFORMED_REQUESTS: list[tuple[str, bytes, int]] = [
    # the request line
    ("no version", b"GET /\r\nHost: a\r\n\r\n", 400),
    ("nothing but a method", b"GET\r\nHost: a\r\n\r\n", 400),
    ("an empty line only", b" \r\n\r\n", 400),
    ("HTTP/0.9 spelled out", b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    ("HTTP/2.0", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\n", 505),
    ("HTTP/3.0", b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    ("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    ("HTTP/1.10", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    ("HTTP/01.1", b"GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400),
    ("HTTP/1", b"GET / HTTP/1\r\nHost: a\r\n\r\n", 400),
    ("HTTP/1.", b"GET / HTTP/1.\r\nHost: a\r\n\r\n", 400),
    ("HTTP/1,1", b"GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400),
    ("http in lower case", b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    ("another protocol", b"GET / RTSP/1.0\r\nHost: a\r\n\r\n", 400),
    ("ICY", b"GET / ICY/1.1\r\nHost: a\r\n\r\n", 400),
    ("a space behind the version", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    ("a tab behind the version", b"GET / HTTP/1.1\t\r\nHost: a\r\n\r\n", 400),
    ("two spaces before the target", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("two spaces before the version", b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a space before the method", b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a tab between", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a tab before the version", b"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a vertical tab between", b"GET\x0b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a space in the target", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a fragment", b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("only a fragment", b"GET # HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("NUL in the target", b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("DEL in the target", b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a raw byte above ASCII in the target", b"GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("raw UTF-8 in the target", "GET /ä HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    ("a bare CR in the request line", b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a target that is no path", b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a target that is a query", b"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("an asterisk for GET", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("another scheme", b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("no authority", b"GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("one slash", b"GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a user in the authority", b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("user and password", b"GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a bad port in the authority", b"GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a bad Host beside a good authority", b"GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("a backslash in the authority", b"GET http://a\\b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("an unknown method", b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("a method in lower case", b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("a method in mixed case", b"Get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("TRACE", b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("a method and more", b"GETX / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("a method with a colon", b"GE:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a method with a slash", b"GE/T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a NUL in the method", b"G\x00T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a byte order mark", b"\xef\xbb\xbfGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("the hello of TLS", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
    ("a header in place of the request line", b"Host: a\r\n\r\n", 400),
    ("a target that is too long", b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ("a bad target that is too long", b"GET /#" + b"a" * 8192 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    # Host
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("no Host beside an absolute target", b"GET http://a/ HTTP/1.1\r\n\r\n", 400),
    ("two Hosts beside an absolute target", b"GET http://a/ HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n", 400),
    ("two Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("two equal Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("two Hosts on 1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("two Hosts in different case", b"GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", 400),
    ("an empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ("a Host of spaces", b"GET / HTTP/1.1\r\nHost:  \r\n\r\n", 400),
    ("a list of Hosts", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    ("a Host with a space", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("a Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("a Host with a user", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    ("a Host with a fragment", b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", 400),
    ("a Host with a query", b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", 400),
    ("a Host with a bad port", b"GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400),
    ("a Host with a long port", b"GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 400),
    ("a Host with two ports", b"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400),
    ("an open bracket", b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    ("a bare IPv6 address", b"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400),
    ("a Host above ASCII", b"GET / HTTP/1.1\r\nHost: \xe4\r\n\r\n", 400),
    ("a Host with a quote", b'GET / HTTP/1.1\r\nHost: a"\r\n\r\n', 400),
    # lines
    ("a bare LF behind the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    ("a bare LF behind a field", b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    ("a bare LF before the end", b"GET / HTTP/1.1\r\nHost: a\n\r\n\r\n", 400),
    ("a bare CR in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    ("a bare CR and a bare LF apart", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\nc\r\n\r\n", 400),
    ("CR CR LF", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400),
    ("a bare CR that hides a field", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 5\r\n\r\n", 400),
    ("obs-fold with a space", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    ("obs-fold with a tab", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", 400),
    ("obs-fold behind the request line", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    ("a folded Transfer-Encoding", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", 400),
    ("a space before the colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    ("a tab before the colon", b"GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400),
    ("a space before another colon", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n", 400),
    ("no colon", b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
    ("no name", b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400),
    ("a space in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", 400),
    ("a name with a bracket", b"GET / HTTP/1.1\r\nHost: a\r\nX[]: z\r\n\r\n", 400),
    ("a name with a slash", b"GET / HTTP/1.1\r\nHost: a\r\nX/Y: z\r\n\r\n", 400),
    ("a name above ASCII", b"GET / HTTP/1.1\r\nHost: a\r\nX\xe4: z\r\n\r\n", 400),
    ("a NUL in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX\x00: z\r\n\r\n", 400),
    ("a NUL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
    ("a DEL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n", 400),
    ("a bell in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x07b\r\n\r\n", 400),
    ("a form feed in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x0cb\r\n\r\n", 400),
    ("too many fields", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431),
    # framing
    ("both framings", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("both, the other way", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
    ("both with length 0", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("two lengths", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    ("two equal lengths", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
    ("a list of lengths", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400),
    ("a signed length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
    ("a negative length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400),
    ("a hexadecimal length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400),
    ("a length with a fraction", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\n", 400),
    ("a length with an underscore", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n", 400),
    ("a length with a space", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\n", 400),
    ("an empty length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400),
    ("a length in other digits", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xb2\r\n\r\n", 400),
    ("a length beyond reason", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000000\r\n\r\n", 400),
    ("a quoted length", b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "5"\r\n\r\n', 400),
    ("two codings in two fields", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("chunked twice", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400),
    ("identity", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400),
    ("xchunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400),
    ("chunked with a comma", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n", 400),
    ("a comma and chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n", 400),
    ("chunked and not last", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
    ("gzip alone", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    ("gzip, chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("deflate, chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: deflate,chunked\r\n\r\n", 501),
    ("quoted chunked", b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "chunked"\r\n\r\n', 400),
    ("chunked with a parameter", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", 400),
    ("chunked with a vertical tab", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", 400),
    ("an empty coding", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400),
    ("chunked on 1.0", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("a coding with a space before the colon", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400),
    ("another expectation", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417),
]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "status"), [case[1:] for case in MALFORMED_REQUESTS], ids=[c[0] for c in MALFORMED_REQUESTS]
)
def test_a_malformed_request_is_refused(head: bytes, status: int) -> None:
    with pytest.raises(MalformedError) as caught:
        read_request(head)
    assert caught.value.status == status
    assert caught.value.reason


def test_the_table_of_malformed_requests_is_long_and_without_doubles() -> None:
    assert len(MALFORMED_REQUESTS) >= 100
    assert len({case[0] for case in MALFORMED_REQUESTS}) == len(MALFORMED_REQUESTS)
    assert len({case[1] for case in MALFORMED_REQUESTS}) == len(MALFORMED_REQUESTS)


MALFORMED_RESPONSES: list[tuple[str, bytes]] = [
    ("no status", b"HTTP/1.1\r\n\r\n"),
    ("HTTP/2.0", b"HTTP/2.0 200 OK\r\n\r\n"),
    ("HTTP/0.9", b"HTTP/0.9 200 OK\r\n\r\n"),
    ("two spaces", b"HTTP/1.1  200 OK\r\n\r\n"),
    ("a short status", b"HTTP/1.1 20 OK\r\n\r\n"),
    ("a long status", b"HTTP/1.1 2000 OK\r\n\r\n"),
    ("status 000", b"HTTP/1.1 000 OK\r\n\r\n"),
    ("status 600", b"HTTP/1.1 600 OK\r\n\r\n"),
    ("a status of letters", b"HTTP/1.1 abc OK\r\n\r\n"),
    ("a control character in the reason", b"HTTP/1.1 200 O\x00K\r\n\r\n"),
    ("a bare LF", b"HTTP/1.1 200 OK\nX: y\r\n\r\n"),
    ("a bare LF between fields", b"HTTP/1.1 200 OK\r\nX: y\nZ: y\r\n\r\n"),
    ("a bare CR in a value", b"HTTP/1.1 200 OK\r\nX: y\rZ\r\n\r\n"),
    ("obs-fold", b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"),
    ("a space before the colon", b"HTTP/1.1 200 OK\r\nX : y\r\n\r\n"),
    ("no colon", b"HTTP/1.1 200 OK\r\nX\r\n\r\n"),
    ("a NUL in a value", b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n"),
    ("both framings", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    ("a signed length", b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n"),
    ("a list of lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n"),
    ("gzip, chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
    ("xchunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n"),
    ("chunked on 1.0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("two codings", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("too many fields", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n"),
    ("another protocol", b"ICY 200 OK\r\n\r\n"),
    ("a page", b"<html>\r\n\r\n"),
]


@pytest.mark.parametrize("head", [case[1] for case in MALFORMED_RESPONSES], ids=[c[0] for c in MALFORMED_RESPONSES])
def test_a_malformed_response_is_refused(head: bytes) -> None:
    with pytest.raises(MalformedError):
        read_response(head, b"GET")


def test_a_request_is_read_with_lower_case_names_and_values_without_white_space() -> None:
    head = read_request(b"GET /a?b=c HTTP/1.1\r\nHoSt:\t www.example.com:8080 \t\r\nAccept: */*\r\nX-Empty:\r\n\r\n")
    assert (head.method, head.target, head.host, head.version) == (b"GET", b"/a?b=c", b"www.example.com:8080", 1)
    assert head.fields == [(b"host", b"www.example.com:8080"), (b"accept", b"*/*"), (b"x-empty", b"")]
    assert (head.length, head.keep_alive, head.websocket, head.expects_continue) == (0, True, False, False)


@pytest.mark.parametrize(
    ("target", "expected", "host"),
    [
        (b"http://b.example/x?y", b"/x?y", b"b.example"),
        (b"HTTPS://b.example:8443", b"/", b"b.example:8443"),
        (b"http://b.example?y", b"/?y", b"b.example"),
        (b"http://[::1]:80/x", b"/x", b"[::1]:80"),
        (b"//double/slash", b"//double/slash", b"a.example"),
    ],
)
def test_an_absolute_target_overrules_the_host(target: bytes, expected: bytes, host: bytes) -> None:
    head = read_request(b"GET %b HTTP/1.1\r\nHost: a.example\r\n\r\n" % target)
    assert (head.target, head.host) == (expected, host)


def test_an_asterisk_is_a_target_for_options() -> None:
    assert read_request(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").target == b"*"


@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        (b"", 1, True),
        (b"Connection: close\r\n", 1, False),
        (b"Connection: Keep-Alive, Close\r\n", 1, False),
        (b"Connection: x\r\nConnection: CLOSE\r\n", 1, False),
        (b"", 0, False),
        (b"Connection: keep-alive\r\n", 0, True),
        (b"Connection: keep-alive, close\r\n", 0, False),
    ],
)
def test_keep_alive_follows_version_and_connection(lines: bytes, version: int, expected: bool) -> None:
    assert read_request(b"GET / HTTP/1.%d\r\nHost: a\r\n%b\r\n" % (version, lines)).keep_alive is expected


def test_http_1_0_needs_no_host() -> None:
    assert read_request(b"GET / HTTP/1.0\r\n\r\n").host == b""


@pytest.mark.parametrize(
    ("line", "length"),
    [
        (b"Content-Length: 0", 0),
        (b"Content-Length: 007", 7),
        (b"Transfer-Encoding: chunked", CHUNKED),
        (b"Transfer-Encoding: Chunked", CHUNKED),
    ],
)
def test_the_length_of_a_body_is_read(line: bytes, length: int) -> None:
    assert read_request(b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % line).length == length


def test_a_wish_for_a_websocket_needs_all_its_parts() -> None:
    good = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
    assert read_request(good).websocket
    for old, new in (
        (b"GET", b"POST"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b", Upgrade", b""),
        (b"WebSocket", b"h2c"),
        (b"Upgrade: WebSocket\r\n", b""),
        (b"Upgrade: WebSocket\r\n", b"Upgrade: WebSocket\r\nContent-Length: 5\r\n"),
    ):
        assert not read_request(good.replace(old, new)).websocket, (old, new)


@pytest.mark.parametrize(
    ("head", "method", "length", "keep_alive"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"GET", 5, True),
        (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", b"GET", 5, True),
        (b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", b"GET", CHUNKED, True),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"GET", UNTIL_CLOSE, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"HEAD", 0, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"GET", 0, True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"GET", 0, True),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"GET", 0, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", b"GET", 5, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", b"GET", 5, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", b"GET", 5, False),
    ],
)
def test_a_response_is_read(head: bytes, method: bytes, length: int, keep_alive: bool) -> None:
    response = read_response(head, method)
    assert (response.length, response.keep_alive) == (length, keep_alive)


class Oracle:
    """httptools' view of one request."""

    def __init__(self, data: bytes) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        self.method = parser.get_method()
        self.version = parser.get_http_version()
        self.keep_alive = parser.should_keep_alive()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.complete = True


PIECES = [
    b"GET", b"POST", b"OPTIONS", b" ", b"  ", b"/", b"/a?b#c", b"*", b"http://a/", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0",
    b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\t", b"\x00", b":", b": ", b"Host", b"a", b"Content-Length", b"5", b"+5", b"0",
    b"Transfer-Encoding", b"chunked", b"gzip, chunked", b"Connection", b"close", b"keep-alive", b"X", b"\xe4", b" :", b",",
]  # fmt: skip
LINES = st.sampled_from(
    [b"Host: a", b"X: y", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Connection: close", b"Cookie: a=b; c"]
)
HEADS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=16).map(
        lambda parts: b"GET / HTTP/1.1\r\n" + b"".join(parts) + b"\r\n\r\n"
    ),
    st.lists(st.one_of(LINES, st.binary(max_size=12), st.sampled_from(PIECES)), max_size=5).map(
        lambda lines: b"POST /a?b HTTP/1.1\r\nHost: a\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"
    ),
    st.lists(st.sampled_from(PIECES), max_size=12).map(lambda parts: b"".join(parts) + b"\r\nHost: a\r\n\r\n"),
)


@given(HEADS)
def test_a_second_parser_agrees_with_every_head_that_is_taken(data: bytes) -> None:
    end = data.index(b"\r\n\r\n") + 4
    data = data[:end]
    try:
        head = read_request(data)
    except MalformedError:
        return
    oracle = Oracle(data)
    assert oracle.complete
    assert (oracle.method, oracle.version) == (head.method, f"1.{head.version}")
    assert oracle.headers == head.fields
    assert oracle.keep_alive == head.keep_alive or head.length == 0
