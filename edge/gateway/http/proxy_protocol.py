"""The PROXY protocol, versions 1 and 2: who a connection is from, said by the load balancer in front of us.

Source: HAProxy's proxy-protocol.txt, sections 2.1 (text) and 2.2 (binary); what the sections leave open is refused.

Whoever is believed could name any address, so only networks that were named may say it (`proxy_protocol_from`), and
they must: a connection of theirs that does not begin with a header is closed without a word and counted, as section 2
asks for. Other peers are ordinary clients, to whom a header is a malformed request. `read_header` is a function of
bytes alone; the plain listener reads it by `AwaitingHeader`, the TLS listener before it looks for the hello.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import re
from typing import TYPE_CHECKING, Any

import msgspec

from edge.gateway.http.headers import contains
from edge.gateway.http.protocol import ClientProtocol
from edge.gateway.http.timers import NEVER

if TYPE_CHECKING:
    from edge.gateway.data_path import DataPath

V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V1_LIMIT = 107
"""The longest line of version 1 with its CRLF (section 2.1)."""
V2_LIMIT = 16 + 4096
"""A longer header of version 2 is refused: addresses take 216 bytes at most, what load balancers add some 300."""

_LOCAL = 0x20
_CRC32C = 0x03
_COMMANDS_OR_NONE = (b"", b"\x20", b"\x21")
_UNSPECIFIED, _TCP4, _TCP6, _UNIX = 0x00, 0x11, 0x21, 0x31
_ADDRESSES = {_UNSPECIFIED: 0, _TCP4: 12, _TCP6: 36, _UNIX: 216}
_v1 = re.compile(
    rb"PROXY (?:UNKNOWN(?: [\x20-\x7e]*)?|(TCP4|TCP6) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) ([0-9]+) ([0-9]+))\Z"
).match
_port = re.compile(rb"(?:0|[1-9][0-9]{0,4})\Z").match


class ProxyHeaderError(Exception):
    """What came is no header of either version."""


class Addresses(msgspec.Struct, frozen=True):
    """The connection's two ends as (address, port), before the load balancer."""

    source: tuple[str, int]
    destination: tuple[str, int]


class Header(msgspec.Struct, frozen=True):
    """`size` is how many bytes it took; `addresses` is None where the peer speaks for itself (LOCAL, UNKNOWN)."""

    size: int
    addresses: Addresses | None


def read_header(data: bytes) -> Header | None:
    """The header that `data` begins with, None while it is not complete. Raises ProxyHeaderError as soon as no rest
    could make it good."""
    if data[:12] == V2_SIGNATURE[: len(data)]:
        return _read_v2(data)
    if data[:6] == b"PROXY "[: len(data)]:
        return _read_v1(data)
    raise ProxyHeaderError("the connection does not begin with a PROXY header")


def _read_v1(data: bytes) -> Header | None:
    line, end, _ = data[:V1_LIMIT].partition(b"\n")
    if not end:
        if len(data) >= V1_LIMIT or b"\r" in line[:-1]:
            raise ProxyHeaderError(f"a PROXY line has at most {V1_LIMIT} bytes and ends in CRLF")
        return None
    found = _v1(line[:-1]) if line[-1:] == b"\r" else None
    if found is None:
        raise ProxyHeaderError("the PROXY line is malformed")
    family, *ends = found.groups()
    if family is None:
        return Header(len(line) + 1, None)
    kind = ipaddress.IPv4Address if family == b"TCP4" else ipaddress.IPv6Address
    try:
        source, destination = (str(kind(address.decode("ascii"))) for address in ends[:2])
    except ValueError:
        raise ProxyHeaderError("an address of the PROXY line is not one of its family") from None
    if not all(_port(port) and int(port) < 65536 for port in ends[2:]):
        raise ProxyHeaderError("a port of the PROXY line is not one of 0 to 65535")
    return Header(len(line) + 1, Addresses((source, int(ends[2])), (destination, int(ends[3]))))


def _read_v2(data: bytes) -> Header | None:
    if data[12:13] not in _COMMANDS_OR_NONE:
        raise ProxyHeaderError("the PROXY header is not of version 2 with a known command")
    if len(data) < 16:
        return None
    command, family, length = data[12], data[13], int.from_bytes(data[14:16], "big")
    size = 16 + length
    if size > V2_LIMIT:
        raise ProxyHeaderError(f"the PROXY header is longer than {V2_LIMIT} bytes")
    if command == _LOCAL:  # section 2.2: the rest is read and means nothing
        return Header(size, None) if len(data) >= size else None
    taken = _ADDRESSES.get(family)
    if taken is None or length < taken:
        raise ProxyHeaderError("the PROXY header is of another transport, or too short for its addresses")
    if len(data) < size:
        return None
    _check_additions(data[:size], 16 + taken)
    if family == _TCP4:
        return Header(size, _addresses(data[16:28], 4))
    if family == _TCP6:
        return Header(size, _addresses(data[16:52], 16))
    return Header(size, None)


def _addresses(block: bytes, width: int) -> Addresses:
    source, destination = (str(ipaddress.ip_address(block[at : at + width])) for at in (0, width))
    ports = block[2 * width :]
    return Addresses((source, int.from_bytes(ports[:2], "big")), (destination, int.from_bytes(ports[2:4], "big")))


def _check_additions(header: bytes, at: int) -> None:
    """Type, length and value, one behind the other from `at` to the last byte (section 2.2). Of what they say only the
    header's own checksum is used (section 2.2.3)."""
    checked = False
    while at < len(header):
        start = at + 3
        at = start + int.from_bytes(header[at + 1 : start], "big")
        if start > len(header) or at > len(header):
            raise ProxyHeaderError("an addition to the PROXY header is cut short")
        if header[start - 3] == _CRC32C:
            whole = header[:start] + bytes(4) + header[at:]  # the sum is of the header with zeros in its own place
            if checked or at - start != 4 or header[start:at] != crc32c(whole).to_bytes(4, "big"):
                raise ProxyHeaderError("the checksum of the PROXY header is not that of its bytes")
            checked = True


def crc32c(data: bytes) -> int:
    """RFC 3309's checksum (Castagnoli's polynomial, reflected). Its cost is some 0.1 µs a byte."""
    table = _crc32c_table()
    value = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


@functools.cache
def _crc32c_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def is_expected(path: DataPath, name: object) -> bool:
    """Whether the peer of this socket name has to begin with a header."""
    return bool(path.proxy_protocol_from) and contains(path.proxy_protocol_from, name)


class AwaitingHeader(asyncio.Protocol):
    """A connection of the plain listener until it is known who it is from; then `ClientProtocol` has it."""

    __slots__ = ("_data", "_path", "deadline", "slot", "transport")

    transport: Any

    def __init__(self, path: DataPath) -> None:
        self._path = path
        self._data = b""
        self.deadline = NEVER
        self.slot = 0

    def __repr__(self) -> str:
        return f"<AwaitingHeader {len(self._data)} bytes>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        path = self._path
        if is_expected(path, transport.get_extra_info("peername")):
            path.connections[self] = None
            path.wheel.set(self, path.now() + path.settings.header_timeout)
        else:
            self._hand_over(None)

    def data_received(self, data: bytes) -> None:
        data = self._data + data
        try:
            header = read_header(data)
        except ProxyHeaderError:
            self._path.counters.proxy_headers_refused += 1
            self.transport.abort()
            return
        if header is None:
            self._data = data
            return
        path = self._path
        path.wheel.remove(self)
        del path.connections[self]
        client = self._hand_over(header.addresses)
        if len(data) > header.size:
            client.data_received(data[header.size :])

    def _hand_over(self, addresses: Addresses | None) -> ClientProtocol:
        ends = (None, None) if addresses is None else (addresses.source, addresses.destination)
        client = ClientProtocol(self._path, ends=ends)
        self.transport.set_protocol(client)
        client.connection_made(self.transport)
        return client

    def connection_lost(self, exc: Exception | None) -> None:
        self._path.wheel.remove(self)
        self._path.gone(self)

    def deadline_passed(self) -> None:
        """No header in time."""
        self._path.counters.proxy_headers_refused += 1
        self.abort()

    def drain(self) -> None:
        """The worker ends: a header that is on its way gets a moment, and a request behind it."""
        self._path.wheel.set(self, self._path.now() + self._path.drain_patience)

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()
