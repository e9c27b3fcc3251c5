"""The first thing a TLS client says, read far enough to know whom it wants to speak to.

A ClientHello is one handshake message in one or more records (RFC 8446 4.1.2, 5.1; the same in 1.2). Only the name of
the server (RFC 6066, 3), the versions (RFC 8446 4.2.1), the application protocols (RFC 7301) and the session (RFC 5246
7.4.1.2) are looked at. Where versions or protocols leave nothing, the event loop's TLS would end the connection, or go
on, without the alert that the RFCs want.
Whether the rest is sound is for OpenSSL, which reads the same bytes again. Everything is bounded: records of at most
2^14 bytes, the whole of `LIMIT`.
"""

from __future__ import annotations

import re

import msgspec

LIMIT = 16 * 1024
"""Bytes of a hello with its record headers; with key shares for post-quantum groups browsers send about 1,800."""

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ALPN, _SUPPORTED_VERSIONS = 0, 16, 43
_TLS12, _TLS13 = 0x0303, 0x0304
PROTOCOL = b"http/1.1"
"""The only application protocol that is spoken."""
_RECORD = 2**14
_RECORDS = 16
"""In how many records a hello may come; one is what clients send."""
_name = re.compile(rb"[A-Za-z0-9._-]{1,255}\Z").match


class HelloError(Exception):
    """These bytes do not begin a TLS connection; the message says what is wrong with them."""


class Hello(msgspec.Struct, frozen=True, gc=False):
    """`server_name` is the name as it was sent, in lower case; empty when the client names nobody. `new_enough`: it
    speaks TLS 1.2 or 1.3. `speaks_http`: it names our protocol among its own, or none at all. `resumes`: it wants a
    session of TLS 1.2 to go on; in 1.3 the field means nothing and sessions go on otherwise."""

    server_name: str = ""
    new_enough: bool = True
    speaks_http: bool = True
    resumes: bool = False


def read_hello(data: bytes) -> Hello | None:
    """The hello that `data` begins with; None while it is not complete. Raises HelloError."""
    message = _message(data)
    return None if message is None else _hello(message)


def _message(data: bytes) -> bytes | None:
    """The body of the first handshake message, put together from its records."""
    parts: list[bytes] = []
    size, place = 0, 0
    for _ in range(_RECORDS):
        head = data[place : place + 5]
        if (head and head[0] != _HANDSHAKE) or (len(head) > 1 and head[1] != 3):
            raise HelloError("it is not TLS")
        if len(head) < 5:
            _refuse_too_long(place + 5)
            return None
        length = int.from_bytes(head[3:5], "big")
        if not 0 < length <= _RECORD:
            raise HelloError("a record of a length that none has")
        part = data[place + 5 : place + 5 + length]
        parts.append(part)
        size += len(part)
        if size >= 4:
            message = b"".join(parts)
            if message[0] != _CLIENT_HELLO:
                raise HelloError("the first message is no ClientHello")
            wanted = 4 + int.from_bytes(message[1:4], "big")
            if wanted > LIMIT:
                raise HelloError(f"the ClientHello is longer than {LIMIT} bytes")
            if size >= wanted:
                return message[4:wanted]
        place += 5 + length
        if len(part) < length:
            _refuse_too_long(place)
            return None
    raise HelloError(f"the ClientHello is in more than {_RECORDS} records")


def _refuse_too_long(wanted: int) -> None:
    if wanted > 2 * LIMIT:
        raise HelloError(f"the ClientHello is longer than {LIMIT} bytes")


class _Reader:
    """Takes one length-prefixed field after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def ended(self) -> bool:
        return self._place >= len(self._data)

    def take(self, size: int) -> bytes:
        part = self._data[self._place : self._place + size]
        if len(part) < size:
            raise HelloError("the ClientHello ends within a field")
        self._place += size
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """A field whose length is written before it in `size` bytes."""
        return self.take(self.number(size))


def _hello(message: bytes) -> Hello:
    fields = _Reader(message)
    newest = min(fields.number(2), _TLS12)  # 1.3 is said by an extension only
    fields.take(32)  # random
    session = fields.vector(1)
    fields.vector(2)  # cipher_suites
    fields.vector(1)  # legacy_compression_methods
    if fields.ended:
        return Hello("", newest >= _TLS12, resumes=bool(session))
    extensions = _Reader(fields.vector(2))
    found: str | None = None
    speaks_http = True
    while not extensions.ended:
        kind, body = extensions.number(2), extensions.vector(2)
        if kind == _SERVER_NAME:
            if found is not None:
                raise HelloError("the ClientHello names the server twice")
            found = _host_name(_Reader(_Reader(body).vector(2)))
        elif kind == _SUPPORTED_VERSIONS:
            newest = _newest(_Reader(_Reader(body).vector(1)))
        elif kind == _ALPN:
            speaks_http = PROTOCOL in _names(_Reader(_Reader(body).vector(2)))
    return Hello(found or "", newest >= _TLS12, speaks_http, bool(session) and newest < _TLS13)


def _newest(versions: _Reader) -> int:
    """Of those that we speak; 0: none."""
    newest = 0
    while not versions.ended:
        version = versions.number(2)
        if version in (_TLS12, _TLS13):
            newest = max(newest, version)
    return newest


def _names(protocols: _Reader) -> list[bytes]:
    names = []
    while not protocols.ended:
        names.append(protocols.vector(1))
    return names


def _host_name(names: _Reader) -> str:
    if names.number(1) != 0:
        raise HelloError("the server name is of an unknown type")
    name = names.vector(2)
    if not names.ended:
        raise HelloError("the ClientHello names the server twice")
    if _name(name) is None:
        raise HelloError("the server name is no host name")
    return name.decode("ascii").lower()
