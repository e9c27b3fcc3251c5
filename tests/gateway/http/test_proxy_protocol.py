"""PROXY headers of both versions: read strictly, in any pieces, and believed only from the networks that were named."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.http.proxy_protocol import (
    V1_LIMIT,
    V2_LIMIT,
    V2_SIGNATURE,
    Addresses,
    AwaitingHeader,
    Header,
    ProxyHeaderError,
    crc32c,
    read_header,
)
from tests.gateway.dialogue import Dialogue, FakeTransport, Side
from tests.gateway.exchanging import field
from tests.gateway.serving import serving

GET = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
FIXED = [{"actions": [{"type": "respond", "body": "${client-address}"}]}]


def v2(command: int, family: int, block: bytes, length: int | None = None) -> bytes:
    return V2_SIGNATURE + struct.pack("!BBH", command, family, len(block) if length is None else length) + block


def summed(additions: bytes, change: int = 0, behind: bytes = b"") -> bytes:
    """A header of TCP4 with its checksum behind `additions`; `change` makes it wrong."""
    block = TCP4 + additions + b"\x03\x00\x04"
    whole = v2(0x21, 0x11, block + bytes(4) + behind)
    return v2(0x21, 0x11, block + (crc32c(whole) ^ change).to_bytes(4, "big") + behind)


TCP4 = bytes((192, 0, 2, 1, 198, 51, 100, 2)) + struct.pack("!HH", 4000, 443)
TCP6 = ipaddress.ip_address("2001:db8::1").packed + ipaddress.ip_address("2001:db8::2").packed + b"\x00\x01\x00\x02"
ENDS4 = Addresses(("192.0.2.1", 4000), ("198.51.100.2", 443))
ENDS6 = Addresses(("2001:db8::1", 1), ("2001:db8::2", 2))
GOOD: dict[str, tuple[bytes, Addresses | None]] = {
    "TCP4": (b"PROXY TCP4 192.0.2.1 198.51.100.2 4000 443\r\n", ENDS4),
    "TCP6": (b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", ENDS6),
    "the longest of TCP6": (
        b"PROXY TCP6 " + b" ".join([b"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] * 2) + b" 65535 65535\r\n",
        Addresses(*[("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535)] * 2),
    ),
    "UNKNOWN": (b"PROXY UNKNOWN\r\n", None),
    "UNKNOWN with anything": (b"PROXY UNKNOWN ffff::1 x 65535 a\r\n", None),
    "version 2, TCP4": (v2(0x21, 0x11, TCP4), ENDS4),
    "version 2, TCP6": (v2(0x21, 0x21, TCP6), ENDS6),
    "version 2, TCP4 with additions": (v2(0x21, 0x11, TCP4 + b"\x01\x00\x02h2\x04\x00\x00"), ENDS4),
    "version 2, TCP4 with its checksum": (summed(b"\x01\x00\x02h2", behind=b"\x04\x00\x00"), ENDS4),
    "version 2, LOCAL with a checksum that means nothing": (v2(0x20, 0x11, TCP4 + b"\x03\x00\x04abcd"), None),
    "version 2, a Unix socket": (v2(0x21, 0x31, bytes(216)), None),
    "version 2, unspecified": (v2(0x21, 0x00, b""), None),
    "version 2, LOCAL": (v2(0x20, 0x00, b""), None),
    "version 2, LOCAL with addresses that mean nothing": (v2(0x20, 0x11, TCP4 + b"rest"), None),
}
BAD: dict[str, bytes] = {
    "a request": GET,
    "the hello of TLS": b"\x16\x03\x01",
    "lower case": b"proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
    "no family": b"PROXY \r\n",
    "another family": b"PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
    "two spaces": b"PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n",
    "a space at the end": b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n",
    "a tab": b"PROXY TCP4\t192.0.2.1 198.51.100.2 1 2\r\n",
    "a port missing": b"PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
    "a field too many": b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n",
    "LF alone": b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
    "CR within": b"PROXY TCP4 192.0.2.1\r198.51.100.2 1 2\r\n",
    "a port beyond": b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n",
    "a port with a zero before": b"PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
    "a signed port": b"PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n",
    "an address with a zero before": b"PROXY TCP4 192.0.2.01 198.51.100.2 1 2\r\n",
    "a short address": b"PROXY TCP4 192.0.2 198.51.100.2 1 2\r\n",
    "an IPv6 address of TCP4": b"PROXY TCP4 ::1 ::2 1 2\r\n",
    "an IPv4 address of TCP6": b"PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
    "a zone": b"PROXY TCP6 fe80::1%1 ::2 1 2\r\n",
    "a control character in UNKNOWN": b"PROXY UNKNOWN \x00\r\n",
    "UNKNOWN and more": b"PROXY UNKNOWNS\r\n",
    "a line without end": b"PROXY UNKNOWN " + b"a" * V1_LIMIT,
    "version 1 of the binary one": v2(0x11, 0x11, TCP4),
    "an unknown command": v2(0x22, 0x11, TCP4),
    "UDP": v2(0x21, 0x12, TCP4),
    "an unknown family": v2(0x21, 0x41, TCP4),
    "too short for its addresses": v2(0x21, 0x11, TCP4[:-1]),
    "too short for IPv6": v2(0x21, 0x21, TCP4),
    "an addition without a length": v2(0x21, 0x11, TCP4 + b"\x01"),
    "an addition longer than the header": v2(0x21, 0x11, TCP4 + b"\x01\x00\x05h2"),
    "a wrong checksum": summed(b"", change=1),
    "a checksum that is too short": v2(0x21, 0x11, TCP4 + b"\x03\x00\x02ab"),
    "two checksums": summed(b"\x03\x00\x04" + bytes(4)),
    "longer than any": v2(0x21, 0x11, TCP4, V2_LIMIT),
    "a signature that goes astray": V2_SIGNATURE[:-1] + b"\r",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_header_is_read_in_any_pieces_and_what_follows_is_left(name: str) -> None:
    data, addresses = GOOD[name]
    assert read_header(data + GET) == Header(len(data), addresses)
    assert all(read_header(data[:end]) is None for end in range(len(data)))


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_header_is_refused(name: str) -> None:
    with pytest.raises(ProxyHeaderError):
        read_header(BAD[name])


def test_the_checksum_is_that_of_rfc_3720() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


STARTS = st.sampled_from([data for data, _ in GOOD.values()] + list(BAD.values()) + [b"PROXY ", V2_SIGNATURE, b""])


@given(st.one_of(st.tuples(STARTS, st.binary(max_size=30)).map(b"".join), st.binary(max_size=60)), st.integers(0, 400))
def test_any_bytes_are_a_header_wait_for_more_or_are_refused_and_never_change_their_mind(data: bytes, cut: int) -> None:
    def judged(data: bytes) -> Header | str | None:
        try:
            return read_header(data)
        except ProxyHeaderError:
            return "refused"

    before, after = judged(data[:cut]), judged(data)
    assert before in (None, after)
    if isinstance(after, Header):
        assert 0 < after.size <= len(data)
        assert judged(data[: after.size]) == after


def connect(dialogue: Dialogue, address: str) -> Side:
    protocol = AwaitingHeader(dialogue.path)
    transport = FakeTransport(dialogue.loop, protocol, (address, 50000))
    protocol.connection_made(transport)  # type: ignore[arg-type]
    return Side(dialogue.loop, transport)


def balanced(**settings: object) -> Dialogue:
    return Dialogue(serving("10.0.0.1:80", rules=FIXED), proxy_protocol_from=("10.9.0.0/16",), **settings)


@pytest.mark.parametrize("name", GOOD)
def test_the_request_is_from_whom_the_header_says(name: str) -> None:
    data, addresses = GOOD[name]
    expected = b"10.9.0.1" if addresses is None else addresses.source[0].encode()
    for pieces in ([data + GET], [data, GET], [*(bytes([byte]) for byte in data), GET]):
        dialogue = balanced()
        client = connect(dialogue, "10.9.0.1")
        for piece in pieces:
            client.says(piece)
        assert client.hears().endswith(b"\r\n\r\n" + expected)
        assert list(dialogue.path.connections) == [client.transport.protocol]


def test_an_endpoint_is_told_the_address_of_the_header() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), proxy_protocol_from=("10.9.0.0/16",))
    client = connect(dialogue, "10.9.0.1")
    client.says(GOOD["TCP4"][0] + GET)
    assert field(dialogue.accepts().hears(), b"x-forwarded-for") == b"192.0.2.1"
    assert client.transport.protocol.peer.server == ("198.51.100.2", "443")


def test_who_is_trusted_is_judged_by_the_address_of_the_header() -> None:
    networks = {"proxy_protocol_from": ("10.9.0.0/16",), "trusted_proxies": ("10.9.0.0/16", "192.0.2.0/24")}
    for data, expected in ((GOOD["TCP4"][0], b"203.0.113.5, 192.0.2.1"), (GOOD["TCP6"][0], b"2001:db8::1")):
        dialogue = Dialogue(serving("10.0.0.1:80"), **networks)
        client = connect(dialogue, "10.9.0.1")
        client.says(data + GET[:-2] + b"X-Forwarded-For: 203.0.113.5\r\n\r\n")
        assert field(dialogue.accepts().hears(), b"x-forwarded-for") == expected


@pytest.mark.parametrize("name", BAD)
def test_a_connection_without_a_valid_header_is_cut_without_a_word_and_counted(name: str) -> None:
    dialogue = balanced()
    client = connect(dialogue, "10.9.0.1")
    client.says(BAD[name])
    assert client.hears() == b""
    assert client.transport.aborted
    assert dialogue.path.counters.proxy_headers_refused == 1
    assert dialogue.path.connections == {}
    assert len(dialogue.path.wheel) == 0


def test_a_header_from_anybody_else_is_a_malformed_request() -> None:
    dialogue = balanced()
    client = connect(dialogue, "192.0.2.66")
    client.says(GOOD["TCP4"][0] + GET)
    assert client.hears().startswith(b"HTTP/1.1 400 ")
    stranger = connect(dialogue, "192.0.2.66")
    stranger.says(GET)
    assert stranger.hears().endswith(b"\r\n\r\n192.0.2.66")
    assert dialogue.path.counters.proxy_headers_refused == 0


def test_an_ipv4_balancer_is_known_on_a_socket_of_ipv6() -> None:
    client = connect(balanced(), "::ffff:10.9.0.1")
    client.says(GOOD["TCP4"][0] + GET)
    assert client.hears().endswith(b"192.0.2.1")


def test_a_header_that_does_not_come_in_time_is_counted_and_the_connection_cut() -> None:
    dialogue = balanced(header_timeout=5)
    client = connect(dialogue, "10.9.0.1")
    client.says(b"PROXY ")
    dialogue.wait(4.9)
    assert not client.closed
    dialogue.wait(0.2)
    assert client.transport.aborted
    assert dialogue.path.counters.proxy_headers_refused == 1


def test_a_worker_that_ends_waits_a_moment_for_a_header() -> None:
    dialogue = balanced(drain_timeout=30)
    silent, late = connect(dialogue, "10.9.0.1"), connect(dialogue, "10.9.0.1")
    emptied: list[bool] = []
    dialogue.path.draining = True
    dialogue.path.on_empty = lambda: emptied.append(True)
    for connection in list(dialogue.path.connections):
        connection.drain()
    late.says(GOOD["TCP4"][0] + GET)
    assert b"\r\nconnection: close\r\n" in late.hears()
    dialogue.wait(1.1)
    assert silent.transport.aborted
    assert emptied == [True]


def test_a_client_that_goes_before_its_header_leaves_nothing() -> None:
    dialogue = balanced()
    client = connect(dialogue, "10.9.0.1")
    client.resets()
    assert dialogue.path.connections == {}
    assert len(dialogue.path.wheel) == 0
