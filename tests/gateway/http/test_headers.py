"""Heads that the gateway writes."""

from __future__ import annotations

import ipaddress

import pytest

from edge.gateway.http.head import read_request, read_response
from edge.gateway.http.headers import Peer, client_address, edited, peer, request_head, request_id, response_head

NETWORKS = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]
UNTRUSTED = Peer("192.0.2.7", "http", False)
TRUSTED = Peer("10.0.0.1", "http", True)


def request(*lines: bytes) -> bytes:
    return b"".join((b"GET / HTTP/1.1\r\nHost: a\r\n", *(line + b"\r\n" for line in lines), b"\r\n"))


@pytest.mark.parametrize(
    ("name", "address", "trusted"),
    [
        (("192.0.2.7", 1), "192.0.2.7", False),
        (("10.1.2.3", 1), "10.1.2.3", True),
        (("::ffff:10.1.2.3", 1, 0, 0), "10.1.2.3", True),
        (("fe80::1%eth0", 1, 0, 2), "fe80::1", False),
        (("fd00::1", 1, 0, 0), "fd00::1", True),
        ("", "unknown", False),
        (None, "unknown", False),
    ],
)
def test_the_peer_is_read_from_its_socket(name: object, address: str, trusted: bool) -> None:
    found = peer(name, "http", NETWORKS)
    assert (found.address, found.trusted) == (address, trusted)


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        ([], "10.0.0.1"),
        ([b"X-Forwarded-For: 1.1.1.1"], "1.1.1.1"),
        ([b"X-Forwarded-For: 6.6.6.6, 1.1.1.1, 10.0.0.9"], "1.1.1.1"),
        ([b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-For: 1.1.1.1"], "1.1.1.1"),
        ([b"X-Forwarded-For: 6.6.6.6, nonsense, 10.0.0.9"], "10.0.0.9"),
        ([b"X-Forwarded-For: 6.6.6.6, ::ffff:1.1.1.1, ::ffff:10.0.0.9"], "1.1.1.1"),
        ([b"X-Forwarded-For: 6.6.6.6, 1.1.1.1:4711, 10.0.0.9:80"], "1.1.1.1"),
        ([b"X-Forwarded-For: 6.6.6.6, [2001:db8::1]:4711"], "2001:db8::1"),
        ([b"X-Forwarded-For: 6.6.6.6, [2001:db8::1]"], "2001:db8::1"),
        ([b"X-Forwarded-For: 6.6.6.6, 2001:db8::1"], "2001:db8::1"),
        ([b"X-Forwarded-For: 6.6.6.6, [2001:db8::1:4711"], "10.0.0.1"),
        ([b"X-Forwarded-For: nonsense"], "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_whom_no_trusted_peer_vouches_away(lines: list[bytes], address: str) -> None:
    head = read_request(request(*lines))
    assert client_address(head, TRUSTED, NETWORKS) == address
    assert client_address(head, UNTRUSTED, NETWORKS) == "192.0.2.7"


@pytest.mark.parametrize("value", [b"a b", b"", b"x" * 129, b'a"b'])
def test_a_request_id_that_is_not_sane_is_replaced_even_from_a_trusted_peer(value: bytes) -> None:
    assert request_id(read_request(request(b"X-Request-Id: " + value)), TRUSTED, b"fresh") == b"fresh"


def test_a_rule_may_set_what_the_gateway_adds_but_not_the_framing() -> None:
    head = read_request(request(b"Content-Length: 5"))
    edits = (
        (b"host", b"inner"),
        (b"x-forwarded-for", b"hidden"),
        (b"x-request-id", b"own"),
        (b"content-length", b"7"),
        (b"transfer-encoding", b"chunked"),
        (b"connection", b"close"),
    )
    written = request_head(head, UNTRUSTED, b"/", edits, b"id", b"edge-x")
    assert written.split(b"\r\n") == [
        b"GET / HTTP/1.1", b"host: inner", b"x-forwarded-for: hidden", b"x-request-id: own", b"content-length: 5",
        b"x-forwarded-proto: http", b"x-forwarded-host: a", b"via: 1.1 edge-x", b"", b"",
    ]  # fmt: skip


def test_other_spellings_of_a_header_that_is_edited_do_not_reach_the_endpoint() -> None:
    head = read_request(request(b"X_User: root", b"x-Remote_user: root", b"X_Other: 1", b"X_Own: 1"))
    edits = ((b"x-user", b"joe"), (b"x-remote-user", None), (b"x_own", b"2"))
    lines = request_head(head, UNTRUSTED, b"/", edits, b"id", b"edge-x").split(b"\r\n")
    assert [line for line in lines if b"user" in line] == [b"x-user: joe"]
    assert b"x_other: 1" in lines
    assert b"x_own: 2" in lines


def test_edits_replace_every_line_of_a_name_in_order() -> None:
    fields = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]
    assert edited(fields, ((b"a", b"4"),)) == [(b"b", b"2"), (b"a", b"4")]
    assert edited(fields, ((b"a", b"4"), (b"a", None), (b"c", b"5"))) == [(b"b", b"2"), (b"c", b"5")]


def test_lines_of_one_name_stay_apart_and_in_order() -> None:
    response = read_response(
        b"HTTP/1.1 200 Fine\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n", b"GET"
    )
    assert response_head(response, read_request(request()), (), b"id", lambda: b"date: now\r\n", True) == (
        b"HTTP/1.1 200 Fine\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ndate: now\r\nx-request-id: id\r\n"
        b"content-length: 0\r\n\r\n"
    )


class Accepted:
    """A transport that knows the address that was connected to."""

    def __init__(self, name):
        self.name = name

    def get_extra_info(self, key):
        return {"sockname": self.name}[key]


@pytest.mark.parametrize(
    ("name", "server"),
    [
        (("10.0.0.80", 8443), ("10.0.0.80", "8443")),
        (("::ffff:10.0.0.80", 80, 0, 0), ("10.0.0.80", "80")),
        (("fe80::1%eth0", 80, 0, 2), ("fe80::1", "80")),
        ("/run/edge.sock", ("", "")),
    ],
)
def test_rules_can_ask_where_the_client_connected_to(name, server):
    assert peer(("192.0.2.7", 4711), "http", (), Accepted(name)).server == server
    assert UNTRUSTED.server == ("", "")
